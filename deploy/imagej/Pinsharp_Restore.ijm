// Restores the active image, or all slices of a stack, with a pinsharp service (pinsharp serve), and opens the result.
//
// Install: put this file into the folder plugins/Macros of ImageJ or Fiji, or run it by Plugins > Macros > Run.
// Needs curl, which Windows 10 and newer, macOS and Linux have. 8 and 16 bits, 32 bits with values from 0 to 1, and RGB.
// Tried in ImageJ 1.53t.
//
// In macros and batches: runMacro("Pinsharp_Restore.ijm", "ADDRESS|OPTIONS") asks nothing; "ADDRESS|OPTIONS|INPUT|OUTPUT"
// opens one file and saves another. OPTIONS is JSON, as /v1/restore takes it: {"kernel": "disk:3", "white_level": 4095}.

given = split(getArgument(), "|");
if (given.length > 2)
    open(given[2]);
if (nImages == 0)
    exit("pinsharp: expected an image, got none; open one");
address = call("ij.Prefs.get", "pinsharp.address", "http://127.0.0.1:8000");
key = call("ij.Prefs.get", "pinsharp.key", "");
options = "{}";
if (given.length > 0)
    address = given[0];
if (given.length > 1)
    options = given[1];
if (given.length == 0) {
    Dialog.create("pinsharp");
    Dialog.addString("Service", address, 30);
    Dialog.addString("Key, if it wants one", key, 30);
    Dialog.addString("Options (JSON)", options, 30);
    Dialog.show();
    address = Dialog.getString();
    key = Dialog.getString();
    options = Dialog.getString();
    call("ij.Prefs.set", "pinsharp.address", address);
    call("ij.Prefs.set", "pinsharp.key", key);
}

title = getTitle();
slices = nSlices;
if (slices > 1 && indexOf(options, "\"planes\"") < 0) { // each slice with a blur of its own
    options = substring(options, 0, lastIndexOf(options, "}"));
    if (indexOf(options, ":") > 0)
        options = options + ", ";
    options = options + "\"planes\": \"each\"}";
}

// Files, since options in quotes and a key do not belong on a command line.
begin = getDirectory("temp") + "pinsharp-" + d2s(getTime(), 0) + "-";
sent = begin + "sent.tif";
answer = begin + "answer.tif";
said = begin + "said.txt";
asked = begin + "options.json";
headers = begin + "headers.txt";
setBatchMode(true);
source = getImageID();
run("Duplicate...", "title=[pinsharp] duplicate");
saveAs("Tiff", sent);
close();
selectImage(source);
File.saveString(options, asked);
File.saveString("Accept: image/tiff\nX-API-Key: " + key + "\n", headers);

showStatus("pinsharp: restoring " + title + " ...");
code = exec("curl", "--silent", "--show-error", "--header", "@" + headers, "--form", "image=@" + sent, "--form",
    "options=<" + asked, "--dump-header", said, "--output", answer, "--write-out", "%{http_code}",
    address + "/v1/restore");

deleted = File.delete(sent) + File.delete(asked) + File.delete(headers);
code = replace(code, "\n", "");
problem = "";
if (endsWith(code, "000"))
    problem = "expected a service at " + address + ", got no answer; start one: pinsharp serve";
else if (!endsWith(code, "200"))
    problem = value(File.openAsString(answer), "detail");
if (problem == "") {
    open(answer);
    rename(replace(title, ".tif", "") + " restored");
    report = File.openAsString(said);
    line = title + ": sigma " + d2s(parseFloat(value(report, "sigma")), 2) + " px";
    verdict = value(report, "verdict");
    if (verdict != "null") // nothing was measured where the kernel was given
        line = line + ", " + verdict;
    restored = value(report, "restored");
    if (restored == "false")
        line = line + "; left as it is: " + value(report, "reason");
    print("pinsharp: " + line);
    showStatus("pinsharp: " + line);
}
if (File.exists(said))
    deleted = File.delete(said);
if (File.exists(answer))
    deleted = File.delete(answer);
if (problem != "")
    exit("pinsharp: " + problem);
if (given.length > 3)
    saveAs("Tiff", given[3]);
setBatchMode("exit and display");

// The value of a key of flat JSON, without quotes.
function value(json, name) {
    json = replace(json, "\": ", "\":");
    at = indexOf(json, "\"" + name + "\":");
    if (at < 0)
        return "";
    rest = substring(json, at + lengthOf(name) + 3);
    if (startsWith(rest, "\""))
        return substring(rest, 1, indexOf(rest, "\"", 1));
    ends = indexOf(rest + ",", ",");
    return replace(substring(rest + ",", 0, ends), "}", "");
}
