import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.errors import BadInput
from estimator.gpus.names import find_type, matching_types
from tests.gpus import shipped_catalogue

TYPES = shipped_catalogue().types


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("a100-80g", "A100-SXM4-80GB"),
        ("A100_SXM4_80GB", "A100-SXM4-80GB"),
        ("NVIDIA A100-SXM4-80GB", "A100-SXM4-80GB"),
        ("a100 sxm 80g", "A100-SXM4-80GB"),
        ("NVIDIA-A100-80GB-PCIe", "A100-PCIE-80GB"),
        ("tesla v100 sxm2 32GiB", "V100-SXM2-32GB"),
        ("t4", "T4"),
        ("l4", "L4"),
        ("A10", "A10"),
        ("h20", "H20-96GB"),
        ("4090", "RTX-4090"),
        ("geforce rtx 4090 d", "RTX-4090-D"),
        ("p100", "P100-PCIE-16GB"),
        ("rtx 6000 ada", "RTX-6000-Ada"),
    ],
)
def test_spellings(written, name):
    assert find_type(TYPES, written).name == name


def test_ambiguous_name_lists_the_matches():
    with pytest.raises(BadInput) as caught:
        find_type(TYPES, "V100")
    assert caught.value.what == (
        "'V100' can mean 4 GPU types: "
        "V100-PCIE-16GB, V100-PCIE-32GB, V100-SXM2-16GB, V100-SXM2-32GB"
    )
    assert caught.value.hint == "V100-PCIE-16GB"


def test_unknown_name_lists_the_nearest():
    with pytest.raises(BadInput, match=r"no GPU type is called 'A1000'; the nearest: A100-"):
        find_type(TYPES, "A1000")


@pytest.mark.parametrize("name", ["", "  ", "!!", "NVIDIA", "GeForce"])
def test_a_name_that_says_nothing_matches_nothing(name):
    assert matching_types(TYPES, name) == ()
    with pytest.raises(BadInput, match="no GPU type is called"):
        find_type(TYPES, name)


def test_the_place_of_the_name_is_told():
    with pytest.raises(BadInput) as caught:
        find_type(TYPES, "nope", where="gpus.yaml:3")
    assert str(caught.value).startswith("gpus.yaml:3: no GPU type is called 'nope'")


@given(st.text())
def test_any_text_is_one_type_or_bad_input(text):
    matches = matching_types(TYPES, text)
    if len(matches) == 1:
        assert find_type(TYPES, text) is matches[0]
    else:
        with pytest.raises(BadInput):
            find_type(TYPES, text)


@given(
    st.sampled_from(TYPES),
    st.sampled_from(["-", "_", " ", "", "."]),
    st.sampled_from([str.lower, str.upper, str.title]),
)
def test_case_and_separators_do_not_matter(gpu, separator, case):
    assert find_type(TYPES, case(gpu.name.replace("-", separator))) is gpu
