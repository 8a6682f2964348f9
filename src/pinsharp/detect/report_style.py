"""How the page of a comparison looks, on a screen and on A4; Okabe and Ito's colours, for the colour-blind."""

STYLE = """\
h1 { font-size: 1.6em; margin: 0 0 .3rem; } h2 { font-size: 1.15em; margin: 2.2rem 0 .6rem; overflow-wrap: anywhere; }
h3 { font-size: 1em; margin: 1.4rem 0 .4rem; }
.facts { display: flex; flex-wrap: wrap; gap: .6rem; margin: 1.2rem 0; padding: 0; list-style: none; }
.facts li { border: 1px solid #d0d0d0; border-radius: 6px; padding: .4rem .9rem; }
.facts b { display: block; font-size: 1.35em; font-variant-numeric: tabular-nums; white-space: nowrap; }
.quiet { color: #5a5a5a; font-size: .9em; overflow-wrap: anywhere; } .key { font-size: .9em; margin: .3rem 0 .6rem; }
table { border-collapse: collapse; width: 100%; font-size: .92em; } td, th { text-align: left; vertical-align: top;
  padding: .25rem .7rem .25rem 0; border-bottom: 1px solid #e2e2e2; }
.figures { font-variant-numeric: tabular-nums; } .name { overflow-wrap: anywhere; }
.thirds { display: grid; grid-template-columns: repeat(3, 1fr); gap: 0 1.6rem; margin-top: .8rem; align-items: start; }
.thirds td, .thirds th { padding-right: .4rem; white-space: nowrap; }
.set-off td { background: #fdf3d6; } .set-off td:first-child::before {
  content: "▸ "; } td b { color: #93310a; }
svg { display: block; } svg text { font: 12px system-ui, Arial, sans-serif; fill: #444; }
.icon { display: inline-block; width: 1.1em; height: 1.1em; vertical-align: -.2em; }
.chart { width: 100%; height: auto; } .grid { stroke: #e2e2e2; } .axis { stroke: #444; } .link { stroke: #9a9a9a; }
.before { fill: #fff; stroke: #b3400a; stroke-width: 1.5; } .after { fill: #0072b2; }
.truth { stroke: #111; stroke-width: 2; } .minimum { stroke: #444; stroke-width: 1.2; stroke-dasharray: 6 4; }
.view { width: 100%; height: auto; max-height: 46rem; background: #f3f3f3; }
.beside { display: grid; grid-template-columns: 1fr 1fr; gap: .8rem; }
image { image-rendering: pixelated; }
.under, .agreed, .extra, .missed, .tick { fill: none; vector-effect: non-scaling-stroke; stroke-linejoin: round; }
.under { stroke: #000; stroke-width: 3; stroke-opacity: .55; } .agreed { stroke: #56b4e9; stroke-width: 1.3; }
.extra { stroke: #ff9d00; stroke-width: 2; } .missed { stroke: #fff36b; stroke-width: 2; }
.tick { stroke: #ff9d00; stroke-width: 2; }
.crops { display: grid; grid-template-columns: repeat(auto-fill, minmax(13.5rem, 1fr)); gap: .7rem; }
figure { margin: 0; break-inside: avoid; } .pictures { margin: 0 0 .9rem; }
.crops figure { border: 1px solid #d0d0d0; border-radius: 6px; padding: .4rem; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: .3rem; } .crop { width: 100%; height: auto; }
figcaption { font-size: .8em; overflow-wrap: anywhere; margin-top: .25rem; }
@page { size: A4; margin: 14mm; }
@media print { body { margin: 0; padding: 0; max-width: none; font-size: 9.5pt; } h2, h3, .key { break-after: avoid; }
  .crops { grid-template-columns: repeat(4, 1fr); gap: .4rem; } tr, .chart { break-inside: avoid; }
  .view { max-height: 6.6cm; } .beside .view { max-height: 11cm; } .thirds { gap: 0 .9rem; font-size: .93em; }
  .facts li { padding: .25rem .6rem; }
  thead { display: table-header-group; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""
