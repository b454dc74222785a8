"""A listed code covers itself and its extensions, never a neighbour; however the code is written."""

import pytest

from zhiheng.records.codes import CodeError, Cover, Index, covers, is_diagnosis_system, is_procedure_system, parts


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("I21.1", ("I211",)),
        ("I211", ("I211",)),
        ("i21.100X001", ("I21100X001",)),
        ("I21.100×001", ("I21100X001",)),  # the multiplication sign that some tables carry
        (" I21 .100 ", ("I21100",)),
        ("Ｉ２１．１００ｘ００１", ("I21100X001",)),
        ("Ｉ２１。１", ("I211",)),
        ("G01*", ("G01",)),
        ("A17.0†", ("A170",)),
        ("E11.201+N08.3*", ("E11201", "N083")),  # aetiology and manifestation in one field
        ("I60.902＋H45.0＊", ("I60902", "H450")),
        ("I21.-", ("I21",)),
        ("36.10", ("3610",)),
        ("3610", ("3610",)),
        ("00.70", ("0070",)),
        ("36.1000x001", ("361000X001",)),
        ("7.41", ()),  # 07.41 or 74.1: a leading zero may be lost, nobody guesses
        ("0.7", ()),
        ("M8140/3", ()),
        ("I2", ()),
        ("无", ()),
        ("-", ()),
        ("", ()),
        (None, ()),
    ],
)
def test_a_code_has_one_normal_form(written, normal):
    assert parts(written) == normal


@pytest.mark.parametrize(
    ("listed", "written", "covered"),
    [
        ("I21.1", "I21.1", True),
        ("I21.1", "I211", True),
        ("I21.1", "I21.10", True),
        ("I21.1", "I21.100", True),
        ("I21.1", "I21.100x001", True),
        ("I21.1", "I21", False),  # less exact than listed: not known to be it
        ("I21.1", "I21.2", False),
        ("I21.1", "I21.01", False),
        ("C34", "C34.900x001", True),
        ("C34", "C35", False),
        ("C34", "C3", False),
        ("36.1", "36.10", True),
        ("36.1", "36.19", True),
        ("36.1", "36.1000x001", True),
        ("36.1", "3615", True),
        ("36.1", "36.2", False),
        ("36.1", "3.61", False),
        ("36.1", "03.61", False),
        ("00.7", "00.70", True),
        ("00.7", "00.7600", True),
        ("00.7", "00.8", False),
        ("00.7", "07.0", False),
        ("81.51", "81.5", False),  # a spreadsheet's 81.5 may be 81.50: not 81.51
        ("81.51", "81.5100", True),
        ("13.70", "13.7", False),
        ("F00-F99", "F00.000", True),
        ("F00-F99", "F99.x00", True),
        ("F00-F99", "F99", True),
        ("F00–F99", "E99", False),
        ("F00-F99", "G00", False),
        ("C00-D48", "C97", True),
        ("C00-D48", "D48.900", True),
        ("C00-D48", "D50", False),
        ("I05-I09", "I09.900", True),
        ("I05-I09", "I10", False),
        ("13.0-13.9", "13.7100", True),
        ("13.0-13.9", "13", False),
        ("13.0-13.9", "14.0", False),
        ("35-39", "39.9500", True),
        ("35-39", "40.1", False),
        ("37.61003-37.95001", "37.61003", True),
        ("37.61003-37.95001", "37.61002", False),
        ("37.61003-37.95001", "37.70", True),
        ("37.61003-37.95001", "37.95001", True),
        ("37.61003-37.95001", "37.95002", False),
        ("37.61003-37.95001", "37.61", False),  # may be before the beginning
        ("37.61003-37.95001", "37.95", False),  # may be behind the end
        ("E11.2", "E11.201+N08.3*", True),
        ("N08", "E11.201+N08.3*", True),
    ],
)
def test_a_listed_code_covers_its_extensions_and_no_neighbour(listed, written, covered):
    assert covers([listed], written) is covered
    assert Index({3: Cover.of([listed])}).mask(written) == (8 if covered else 0)


@pytest.mark.parametrize("listed", ["", "I2", "7.41", "F99-F00", "F00-36.1", "E11.2+N08.3"])
def test_a_list_that_is_no_list_is_refused(listed):
    with pytest.raises(CodeError, match="is no"):
        Cover.of([listed])


@pytest.mark.parametrize(
    ("system", "diagnosis", "procedure"),
    [
        (None, True, True),
        ("ICD-10", True, False),
        ("ICD-10-CM", True, False),
        ("http://hl7.org/fhir/sid/icd-10-cm", True, False),
        ("GB/T 14396", True, False),
        ("国家临床版2.0", True, True),  # an edition alone: the table says which
        ("国家临床版2.0（ICD-10）", True, False),
        ("院内码", False, False),
        ("", True, True),
        ("ICD-10-PCS", False, False),
        ("ICD-9-CM-3", False, True),
        ("ＩＣＤ－９－ＣＭ－３", False, True),
        ("CPT", False, False),  # 22325 is no 22.325
        ("http://www.ama-assn.org/go/cpt", False, False),
        ("SNOMED", False, False),
    ],
)
def test_only_codes_of_the_listed_systems_are_compared(system, diagnosis, procedure):
    assert (is_diagnosis_system(system), is_procedure_system(system)) == (diagnosis, procedure)
