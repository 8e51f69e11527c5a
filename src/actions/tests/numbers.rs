//! Numbers: what Go 1.26 made of the same texts, bit by bit.

use crate::actions::number::{double_text, parse_double, parse_int, plain_text, truncated};

/// `strconv.ParseInt(text, 10, 64)`.
const INTS: &[(&str, Option<i64>)] = &[
    ("5", Some(5)),
    ("+5", Some(5)),
    ("-5", Some(-5)),
    ("007", Some(7)),
    ("-0", Some(0)),
    ("", None),
    ("+", None),
    ("-", None),
    (" 7", None),
    ("7 ", None),
    ("1.0", None),
    ("1e3", None),
    ("1_000", None),
    ("0x10", None),
    ("9223372036854775807", Some(i64::MAX)),
    ("9223372036854775808", None),
    ("-9223372036854775808", Some(i64::MIN)),
    ("-9223372036854775809", None),
    ("٣", None),
    ("--1", None),
];

/// `strconv.ParseFloat(text, 64)`, as bits.
const DOUBLES: &[(&str, Option<u64>)] = &[
    ("1", Some(0x3ff0_0000_0000_0000)),
    ("+1", Some(0x3ff0_0000_0000_0000)),
    ("-1", Some(0xbff0_0000_0000_0000)),
    ("1.", Some(0x3ff0_0000_0000_0000)),
    (".5", Some(0x3fe0_0000_0000_0000)),
    (".", None),
    ("", None),
    ("+", None),
    ("1.5e3", Some(0x4097_7000_0000_0000)),
    ("1E3", Some(0x408f_4000_0000_0000)),
    ("1e", None),
    ("1e+", None),
    ("1e+2", Some(0x4059_0000_0000_0000)),
    ("1e-2", Some(0x3f84_7ae1_47ae_147b)),
    ("inf", Some(0x7ff0_0000_0000_0000)),
    ("Inf", Some(0x7ff0_0000_0000_0000)),
    ("INF", Some(0x7ff0_0000_0000_0000)),
    ("+inf", Some(0x7ff0_0000_0000_0000)),
    ("-inf", Some(0xfff0_0000_0000_0000)),
    ("infinity", Some(0x7ff0_0000_0000_0000)),
    ("-Infinity", Some(0xfff0_0000_0000_0000)),
    ("infi", None),
    ("+nan", None),
    ("-nan", None),
    ("0x1p-2", Some(0x3fd0_0000_0000_0000)),
    ("0x1.8p1", Some(0x4008_0000_0000_0000)),
    ("0X1P+2", Some(0x4010_0000_0000_0000)),
    ("0x1", None),
    ("0x1.8", None),
    ("0x.8p1", Some(0x3ff0_0000_0000_0000)),
    ("0x.p1", None),
    ("0x1p", None),
    ("0x1p1024", None),
    ("-0x1p1024", None),
    ("0x1p1023", Some(0x7fe0_0000_0000_0000)),
    ("0x1p-1074", Some(0x0000_0000_0000_0001)),
    ("0x1p-1075", Some(0x0000_0000_0000_0000)),
    ("0x1.8p-1075", Some(0x0000_0000_0000_0001)),
    ("0x1p-2000", Some(0x0000_0000_0000_0000)),
    ("0x1.fffffffffffffp1023", Some(0x7fef_ffff_ffff_ffff)),
    ("0x1.fffffffffffff8p1023", None),
    ("0x1.fffffffffffff7p1023", Some(0x7fef_ffff_ffff_ffff)),
    ("0x1.00000000000008p0", Some(0x3ff0_0000_0000_0000)),
    ("0x1.000000000000081p0", Some(0x3ff0_0000_0000_0001)),
    ("0x1.00000000000018p0", Some(0x3ff0_0000_0000_0002)),
    ("0x1234_5678_9abc_def01234p0", Some(0x44b2_3456_789a_bcdf)),
    ("0xap0", Some(0x4024_0000_0000_0000)),
    ("0x_1p0", Some(0x3ff0_0000_0000_0000)),
    ("0x1_0p0", Some(0x4030_0000_0000_0000)),
    ("0x1__0p0", None),
    ("1_0", Some(0x4024_0000_0000_0000)),
    ("1__0", None),
    ("_1", None),
    ("1_", None),
    ("1_.5", None),
    ("1._5", None),
    ("1_0.5_0", Some(0x4025_0000_0000_0000)),
    ("1e1_0", Some(0x4202_a05f_2000_0000)),
    ("1e_1", None),
    ("1_e1", None),
    ("1e400", None),
    ("-1e400", None),
    ("1e-400", Some(0x0000_0000_0000_0000)),
    ("1e308", Some(0x7fe1_ccf3_85eb_c8a0)),
    ("1.7976931348623159e308", None),
    ("4.9e-324", Some(0x0000_0000_0000_0001)),
    ("2.4e-324", Some(0x0000_0000_0000_0000)),
    (" 1", None),
    ("1 ", None),
    ("1f", None),
    ("0b1", None),
    ("0o7", None),
    ("1,5", None),
    ("0_1", Some(0x3ff0_0000_0000_0000)),
    ("00012", Some(0x4028_0000_0000_0000)),
    ("-0", Some(0x8000_0000_0000_0000)),
    ("1e00010", Some(0x4202_a05f_2000_0000)),
    ("1e99999999999", None),
    ("1e-99999999999", Some(0x0000_0000_0000_0000)),
    ("0e99999", Some(0x0000_0000_0000_0000)),
    ("0x0p99999", Some(0x0000_0000_0000_0000)),
];

/// Bits, and the text that JSON and the conversion to text have for them.
const TEXTS: &[(u64, &str)] = &[
    (0x0000_0000_0000_0000, "0"),
    (0x8000_0000_0000_0000, "-0"),
    (0x3ff0_0000_0000_0000, "1"),
    (0xbff0_0000_0000_0000, "-1"),
    (0x3ff8_0000_0000_0000, "1.5"),
    (0x3fb9_9999_9999_999a, "0.1"),
    (0x412e_8480_0000_0000, "1000000"),
    (0x4415_af1d_78b5_8c40, "100000000000000000000"),
    (0x444b_1ae4_d6e2_ef50, "1e+21"),
    (0xc44b_1ae4_d6e2_ef50, "-1e+21"),
    (0x4454_542b_a12a_337c, "1.5e+21"),
    (0x441a_c53a_7e04_bcda, "123456789012345680000"),
    (0x4450_bb44_8ec2_f608, "1.2345678901234568e+21"),
    (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
    (0x3e7a_d7f2_9abc_af48, "1e-7"),
    (0x3e84_21f5_f40d_8376, "1.5e-7"),
    (0x3eb0_c2ac_1dbb_e3d8, "9.99e-7"),
    (0x3ddb_7cdf_d9d7_bdbb, "1e-10"),
    (0x2b2b_ff2e_e48e_0530, "1e-100"),
    (0x54b2_49ad_2594_c37d, "1e+100"),
    (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
    (0x0000_0000_0000_0001, "5e-324"),
    (0x4009_21fb_5444_2d18, "3.141592653589793"),
    (0x4059_0000_0000_0000, "100"),
    (0x4480_f0cf_064d_d592, "1e+22"),
    (0x3e5a_d7f2_9abc_af48, "2.5e-8"),
];

#[test]
fn whole_numbers_are_read_as_go_reads_them() {
    for (text, expected) in INTS {
        assert_eq!(parse_int(text.as_bytes()), *expected, "{text:?}");
    }
    assert_eq!(parse_int(b"\xff"), None);
}

#[test]
fn floating_point_numbers_are_read_as_go_reads_them() {
    for (text, expected) in DOUBLES {
        let read = parse_double(text.as_bytes()).map(f64::to_bits);
        assert_eq!(read, *expected, "{text:?}");
    }
    assert!(parse_double(b"nan").is_some_and(f64::is_nan));
    assert!(parse_double(b"NaN").is_some_and(f64::is_nan));
    assert_eq!(parse_double(b"1\xff"), None);
}

#[test]
fn floating_point_numbers_are_written_as_go_writes_them() {
    for (bits, expected) in TEXTS {
        assert_eq!(double_text(f64::from_bits(*bits)), *expected);
    }
    let names: Vec<String> = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(double_text).into();
    assert_eq!(names, ["NaN", "Infinity", "-Infinity"]);
    let names: Vec<String> = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(plain_text).into();
    assert_eq!(names, ["NaN", "+Inf", "-Inf"]);
    assert_eq!(plain_text(1e21), "1000000000000000000000");
    assert_eq!(plain_text(1e-7), "0.0000001");
}

#[test]
fn doubles_lose_their_fraction_and_stay_where_they_do_not_fit() {
    let cases = [
        (1.9, Some(1)),
        (-1.9, Some(-1)),
        (-0.0, Some(0)),
        (9_223_372_036_854_774_784.0, Some(9_223_372_036_854_774_784)),
        (9_223_372_036_854_775_808.0, None),
        (-9_223_372_036_854_775_808.0, Some(i64::MIN)),
        (1e300, None),
        (f64::NAN, None),
        (f64::INFINITY, None),
    ];
    for (value, expected) in cases {
        assert_eq!(truncated(value), expected, "{value}");
    }
}
