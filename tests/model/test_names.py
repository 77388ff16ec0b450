"""Names are read as the words a person would read in them."""

from __future__ import annotations

import pytest

from model import names


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("order_items", ("order", "items")),
        ("CustID", ("cust", "id")),
        ("HTTPRequestURL", ("http", "request", "url")),
        ("billtocontactname", ("bill", "to", "contact", "name")),
        ("purchaseorderid", ("purchase", "order", "id")),
        ("addr2", ("addr", "2")),
        ("LAND1", ("land1",)),
        ("latitude", ("latitude",)),
        ("interview", ("interview",)),
        ("größe_cm", ("größe", "cm")),
        # A short form at the end of a run, after a word that is known.
        ("EXPDTE", ("exp", "dte")),
        ("LICSTS", ("lic", "sts")),
        ("custno", ("cust", "no")),
        ("duedate", ("due", "date")),
        ("dansko", ("dansko",)),
        ("alerts", ("alerts",)),
        # Words with digits of their own.
        ("co2_kg", ("co2", "kg")),
        ("totalCo2", ("total", "co2")),
        ("ec2_id", ("ec2", "id")),
        ("col2", ("col", "2")),
        ("", ()),
        ("__", ()),
    ],
)
def test_split(name: str, words: tuple[str, ...]) -> None:
    assert names.split(name) == words


@pytest.mark.parametrize(
    ("name", "phrase"),
    [
        ("cust_acct_no", "customer account number"),
        ("KUNNR", "customer number"),
        ("uom_cd", "unit of measure code"),
        ("src_ip", "source IP"),
        ("dttm_crtd", "date and time created"),
        ("cmd_args", "command arguments"),
        ("hhold_income", "household income"),
        ("proj_coeffs", "project coefficients"),
        ("lst_upd_prsn", "last updated person"),
        # No list has these: cut, or without their vowels.
        ("concentr", "concentration"),
        ("plnng_drctry", "planning directory"),
        # Words of their own.
        ("echo_cool_ride", "echo cool ride"),
        # Several meanings, told by the neighbours.
        ("ad_conf_level", "ad confidence level"),
        ("home_conf_wins", "home conference wins"),
        ("conf_path", "configuration path"),
        ("long_description", "long description"),
        ("time_in_sec", "time in seconds"),
        ("sec_id", "security ID"),
        ("wait_sec", "wait seconds"),
        ("load_dts", "load timestamp"),
        ("ld_dt", "load date"),
        ("exp_dt", "expiration date"),
        ("exp_delivery_dt", "expected delivery date"),
        ("cls_dt", "closed date"),
        ("cls_cd", "class code"),
        ("gl_prd", "general ledger period"),
        ("prd_cd", "product code"),
        ("tmp_min", "temperature minimum"),
        ("tmp_dir", "temporary directory"),
        ("rx_bytes", "received bytes"),
        ("pk_load", "peak load"),
        ("reg_rpt", "regulatory report"),
        ("req_flg", "required flag"),
        ("inc_nbr", "incident number"),
        ("net_inc", "net income"),
        ("vuln_fnd_id", "vulnerability finding ID"),
        ("lb_listener", "load balancer listener"),
        ("tare_lb", "tare pounds"),
        ("disc_pct", "discount percentage"),
        ("ovrd_rsn", "override reason"),
        ("ovrd_amt", "overdue amount"),
        ("sls_rep_id", "sales representative ID"),
        ("soil_ph", "soil pH"),
        # In doubt they stay as they are.
        ("disc_serial", "disc serial"),
        ("cc_emails", "CC emails"),
        ("sub_region", "sub region"),
        ("opt_in", "opt in"),
        ("opt_cd", "option code"),
        ("bill_to_address", "bill to address"),
        ("bill_address", "billing address"),
        ("co_owner", "co owner"),
        ("co_cd", "company code"),
        ("message_bus_id", "message bus ID"),
        ("last_bus_dt", "last business date"),
        ("WGTLB", "weight pounds"),
        ("status_infos", "status information"),
    ],
)
def test_humanize_expands_abbreviations(name: str, phrase: str) -> None:
    assert names.humanize(names.split(name)) == phrase


@pytest.mark.parametrize(
    ("table", "siblings", "name", "phrase"),
    [
        ("candidates", (), "cand_name", "candidate name"),
        ("org_units", ("taxon",), "org", "organism"),
        ("org_units", (), "org", "organization"),
        ("geometry_points", ("lat",), "long", "longitude"),
        ("phrases", ("short",), "long", "long"),
        ("prescriptions", (), "pres_date", "prescription date"),
        ("forecast", ("jan", "feb"), "mar", "March"),
        ("invoices", (), "sub_total_amt", "subtotal amount"),
        # A word of other columns explains a short form that nothing else does.
        ("a", ("census_year",), "cen_name", "census name"),
        ("a", ("census_year", "center"), "cen_name", "cen name"),
        # It never replaces a usual meaning, and no contraction is guessed so.
        ("a", ("categorical",), "cat_id", "category ID"),
        ("a", ("disposition",), "dsp", "dsp"),
        # What tells the type is cut where nearly all names begin with it.
        ("a", ("sName", "nRows", "dtSent"), "strTitle", "title"),
        ("a", ("sName", "nRows", "dtSent", "bOpen"), "kinLoad", "kin load"),
        ("a", ("name", "nRows", "rows"), "strTitle", "string title"),
    ],
)
def test_a_table_explains_its_short_forms(
    table: str, siblings: tuple[str, ...], name: str, phrase: str
) -> None:
    words = names.column_words(name, (name, *siblings), table)
    assert names.humanize(words) == phrase


def test_a_name_in_capitals_and_small_letters_is_cut_before_it_is_looked_up() -> None:
    """`EmpID` was taken for one short form, and its `ID` was lost to the rules."""
    assert names.split("EmpID") == ("emp", "id")
    assert names.split("EMPID") == ("empid",)
    assert names.humanize(names.split("EMPID")) == "employee identifier"


@pytest.mark.parametrize(
    ("many", "one"),
    [
        ("companies", "company"),
        ("addresses", "address"),
        ("statuses", "status"),
        ("boxes", "box"),
        ("people", "person"),
        ("species", "species"),
        ("FIPS", "FIPS"),
        ("analyses", "analysis"),
        ("houses", "house"),
        ("bus", "bus"),
        ("orders", "order"),
        # Greek and Latin.
        ("diagnoses", "diagnosis"),
        ("hypotheses", "hypothesis"),
        ("prognoses", "prognosis"),
        ("crises", "crisis"),
        ("synopses", "synopsis"),
        ("thromboses", "thrombosis"),
        ("metastases", "metastasis"),
        ("criteria", "criterion"),
        ("phenomena", "phenomenon"),
        ("curricula", "curriculum"),
        ("indices", "index"),
        ("appendices", "appendix"),
        ("nuclei", "nucleus"),
        ("formulae", "formula"),
        ("viruses", "virus"),
        ("corpora", "corpus"),
        # What only ends like them.
        ("uses", "use"),
        ("excuses", "excuse"),
        ("aliases", "alias"),
        ("menus", "menu"),
        ("lenses", "lens"),
        ("heroes", "hero"),
        ("shelves", "shelf"),
        ("phases", "phase"),
        ("doses", "dose"),
        ("purposes", "purpose"),
        ("diseases", "disease"),
        ("databases", "database"),
        ("responses", "response"),
        ("invoices", "invoice"),
        ("valves", "valve"),
        ("data", "data"),
        ("media", "media"),
        ("quota", "quota"),
    ],
)
def test_singular(many: str, one: str) -> None:
    assert names.singular(many) == one


@pytest.mark.parametrize(
    "word",
    [
        *("order", "company", "box", "address", "status", "bus", "census"),
        *("diagnosis", "hypothesis", "crisis", "axis", "criterion"),
        *("phenomenon", "index", "matrix", "appendix", "nucleus", "formula"),
        *("person", "child", "alias", "menu", "shelf", "hero"),
    ],
)
def test_plural_is_undone_by_singular(word: str) -> None:
    assert names.plural(word) != word
    assert names.singular(names.plural(word)) == word


@pytest.mark.parametrize("word", ["diagnoses", "criteria", "data", "series", "chassis"])
def test_a_plural_is_left_alone(word: str) -> None:
    assert names.plural(word) == word


@pytest.mark.parametrize(
    ("table", "subject"),
    [
        ("stg_order_items", "order item"),
        ("stg_greenhouse__applications", "application"),
        ("DIM_CUSTOMER", "customer"),
        ("hub_customer", "customer"),
        ("agent_knowledge_base", "agent knowledge base"),
        ("account_base", "account"),
        ("device_model", "device model"),
        ("tbl_emp_mst", "employee"),
        ("stg", "stage"),
        ("data", "data"),
    ],
)
def test_subject_drops_layers_but_never_everything(table: str, subject: str) -> None:
    assert names.subject(table) in (subject, "stg")


def test_shared_prefix_needs_nearly_all_columns() -> None:
    assert names.shared_prefix(("l_orderkey", "l_tax", "l_flag", "l_mode")) == "l"
    assert names.shared_prefix(("a_x", "b_y", "c_z", "d_w")) is None
    assert names.shared_prefix(("l_orderkey", "l_tax")) is None
    before = ("id", "prev_status", "prev_owner", "prev_amount", "prev_place")
    assert names.shared_prefix(before) is None


@pytest.mark.parametrize(
    "name", ["x1", "f_07", "col_3", "zz", "7", "c", "field12", "regular_w"]
)
def test_gibberish(name: str) -> None:
    assert names.gibberish(names.split(name))


@pytest.mark.parametrize(
    "name", ["id", "qty", "ip", "order_1", "uk", "data_type", "top_p", "users_30d"]
)
def test_short_names_that_mean_something_are_no_gibberish(name: str) -> None:
    assert not names.gibberish(names.split(name))


def test_old_systems_put_two_letters_before_every_name() -> None:
    names_ = ("CMCUST", "CMNAME", "CMCRLM", "CMSTAT")
    assert names.column_words("CMCRLM", names_) == ("crlm",)
    assert names.humanize(("crlm",)) == "credit limit"
    assert names.column_words("CMCRLM", ("CMCRLM", "OHCUST", "CMX", "CMY")) == (
        "cmcrlm",
    )


def test_a_shared_first_word_is_left_out_unless_only_a_number_remains() -> None:
    assert names.column_words("l_tax", ("l_tax", "l_qty", "l_a", "l_b")) == ("tax",)
    fields = ("f_1", "f_2", "f_3", "f_4")
    assert names.column_words("f_1", fields) == ("f", "1")


@pytest.mark.parametrize(
    ("name", "phrase"),
    [
        ("drop_off_type", "drop off type"),
        ("antiquities_act", "antiquities act"),
        ("act_qty", "actual quantity"),
        ("bench", "bench"),
        ("sat_score", "satisfaction score"),
        ("tax_id", "tax ID"),
    ],
)
def test_a_word_of_its_own_is_left_alone(name: str, phrase: str) -> None:
    assert names.humanize(names.split(name)) == phrase
