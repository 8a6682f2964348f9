"""Tables of particles and pins: what is written comes back, what is wrong is refused with its line."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinsharp.detect.tables import Particle, Pin, read_particles, read_pins, write_particles, write_pins
from pinsharp.errors import ConfigError, OutputError

HEADER = "row,column,diameter,strength,pin\n"
PINS_HEADER = "number,top,left,bottom,right\n"
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
PARTICLES = st.builds(
    Particle,
    NUMBERS,
    NUMBERS,
    st.floats(min_value=0, exclude_min=True, allow_infinity=False),
    NUMBERS,
    st.none() | st.integers(),
)


@given(particles=st.lists(PARTICLES, max_size=5))
def test_particles_come_back_exactly(tmp_path_factory, particles):
    path = tmp_path_factory.mktemp("tables") / "particles.csv"

    write_particles(path, particles)

    assert read_particles(path) == tuple(particles)


def test_pins_come_back(tmp_path):
    pins = (Pin(1, 0, 0, 10, 340), Pin(7, -3, 12, 8, 13))

    write_pins(tmp_path / "pins.csv", pins)

    assert read_pins(tmp_path / "pins.csv") == pins


@pytest.mark.parametrize("write, read", [(write_particles, read_particles), (write_pins, read_pins)])
def test_an_empty_table_comes_back(tmp_path, write, read):
    write(tmp_path / "t.csv", [])

    assert read(tmp_path / "t.csv") == ()


def test_the_csv_module_reads_the_table(tmp_path):
    write_particles(tmp_path / "t.csv", [Particle(1.25, 2.0, 6.5, 8.0, None), Particle(3.0, 4.0, 6.0, 7.0, 2)])

    with (tmp_path / "t.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))

    assert rows[0] == {"row": "1.25", "column": "2.0", "diameter": "6.5", "strength": "8.0", "pin": ""}
    assert rows[1]["pin"] == "2"


def test_a_table_out_of_a_spreadsheet_is_read(tmp_path):
    """Byte-order mark, carriage returns, an empty last line."""
    (tmp_path / "t.csv").write_bytes(b"\xef\xbb\xbf" + HEADER.strip().encode() + b"\r\n1,2,6,0.5,\r\n\r\n")

    assert read_particles(tmp_path / "t.csv") == (Particle(1.0, 2.0, 6.0, 0.5, None),)


@pytest.mark.parametrize(
    "rows, reason",
    [
        ("1,2,6,0.5,1\n1,2,6,0.5\n", "line 3: expected 5 values, got 4"),
        ("1,two,6,0.5,1\n", "line 2: expected a number as column, got 'two'; correct the table"),
        ("1,2,6,0.5,1.5\n", "line 2: expected a whole number as pin, got '1.5'"),
        ("1,2,6,0.5,1\n\n1,2,-6,0.5,1\n", "line 4: a particle's diameter must be positive, got -6 px"),
        ("nan,2,6,0.5,1\n", "line 2: a particle's numbers must be finite"),
        ('1,2,6,0.5,"1\n', "line 2: unexpected end of data"),
    ],
)
def test_a_bad_row_is_refused_with_its_line(tmp_path, rows, reason):
    (tmp_path / "t.csv").write_text(HEADER + rows)

    with pytest.raises(ConfigError, match=rf"t\.csv, {reason}"):
        read_particles(tmp_path / "t.csv")


@pytest.mark.parametrize(
    "rows, reason",
    [
        ("1,0,0,10,20\n2,10,0,10,20\n", "line 3: pin 2 must end past where it begins"),
        ("1,0,0,10.5,20\n", "line 2: expected a whole number as bottom, got '10.5'"),
        ("1,0,0,10,20\n1,20,0,30,20\n", "pin 2 of 2: expected a number that no other pin has, got 1 again"),
    ],
)
def test_a_bad_pin_is_refused(tmp_path, rows, reason):
    (tmp_path / "p.csv").write_text(PINS_HEADER + rows)

    with pytest.raises(ConfigError, match=reason):
        read_pins(tmp_path / "p.csv")


@pytest.mark.parametrize("content", ["", "x,y\n1,2\n", PINS_HEADER])
def test_another_header_is_refused(tmp_path, content):
    (tmp_path / "t.csv").write_text(content)

    with pytest.raises(ConfigError, match="line 1: expected the header row,column,diameter,strength,pin, got"):
        read_particles(tmp_path / "t.csv")


def test_what_is_no_text_is_refused(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"\x89PNG\r\n\x1a\n\xff")

    with pytest.raises(ConfigError, match="expected a table as text"):
        read_particles(tmp_path / "t.csv")


def test_a_missing_table_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        read_particles(tmp_path / "t.csv")


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(OutputError, match="expected the folder"):
        write_particles(tmp_path / "nowhere" / "t.csv", [])


def test_a_pin_holds_the_whole_area_of_its_pixels_and_no_more():
    """Pixels are unit squares around their centres: the box of rows 2 to 3 reaches from 1.5 to 3.5."""
    pin = Pin(1, 2, 0, 4, 10)

    assert pin.contains(1.5, -0.5)
    assert pin.contains(3.49, 9.49)
    assert not pin.contains(1.49, 5)
    assert not pin.contains(3.5, 5)
    assert not pin.contains(3, 9.5)
