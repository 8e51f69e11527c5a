//! `compression` and `compression_params` of an exporter.

use crate::config::decode::{Field, Section};
use crate::config::keys::{Table, key};
use crate::config::plan::Compression;
use crate::config::problems::Code;
use crate::config::report::Fault;

pub(in crate::config) const PARAMS: Table = Table {
    scope: "exporters.otlphttp.compression_params",
    keys: &[key(
        "level",
        "whole number",
        "1",
        "gzip, zlib, deflate: -1 to 9 (the Collector's default is 6); zstd: -7 to 11",
    )],
};

/// Level of gzip and zlib where the file names none.
const LEVEL: i32 = 1;
/// Words for HTTP.
const HTTP: [&str; 8] =
    ["gzip", "zstd", "snappy", "x-snappy-framed", "zlib", "deflate", "none", ""];
/// Words for gRPC.
const GRPC: [&str; 5] = ["gzip", "zstd", "snappy", "none", ""];
/// Levels of zstd that cost no more than some MiB of state each.
const ZSTD_LEVELS: std::ops::RangeInclusive<i64> = -7..=11;

/// What an HTTP exporter compresses with.
pub(super) fn http(section: &Section<'_>) -> Compression {
    let word = word(section, &HTTP);
    let params = section.get("compression_params").and_then(|field| field.section(&PARAMS));
    let given = params.and_then(|params| params.get("level"));
    let compression = named(&word, LEVEL);
    let Some(field) = given else { return compression };
    match compression {
        Compression::Gzip(_) | Compression::Zlib(_) | Compression::Deflate(_) => {
            zlib_level(&field).map_or(compression, |level| named(&word, level))
        }
        Compression::Zstd(_) => zstd_level(&field).map_or(compression, |level| named(&word, level)),
        Compression::None | Compression::Snappy | Compression::SnappyFramed => {
            let fault = Fault::new(Code::Conflict, format!("`{word}` has no level"));
            field.report.error(field.key, &field.path, fault);
            compression
        }
    }
}

/// What a gRPC exporter compresses with. Its snappy is framed.
pub(super) fn grpc(section: &Section<'_>) -> Compression {
    match named(&word(section, &GRPC), LEVEL) {
        Compression::Snappy => Compression::SnappyFramed,
        other => other,
    }
}

fn word(section: &Section<'_>, words: &[&str]) -> String {
    let Some(field) = section.get("compression") else { return "gzip".to_owned() };
    match field.text() {
        Some(name) if name == "lz4" && words.contains(&"zlib") => {
            field.not_supported("the compression `lz4`", "use zstd, which is smaller and as fast");
            "none".to_owned()
        }
        Some(name) if words.contains(&name.as_str()) => name,
        Some(name) => {
            field.unknown_word(&name, words);
            "none".to_owned()
        }
        None => "none".to_owned(),
    }
}

fn named(word: &str, level: i32) -> Compression {
    let positive = level.unsigned_abs();
    match word {
        "gzip" => Compression::Gzip(positive),
        "zlib" => Compression::Zlib(positive),
        "deflate" => Compression::Deflate(positive),
        "zstd" => Compression::Zstd(level),
        "snappy" => Compression::Snappy,
        "x-snappy-framed" => Compression::SnappyFramed,
        _ => Compression::None,
    }
}

/// `None` stands for the default.
fn zlib_level(field: &Field<'_>) -> Option<i32> {
    match field.signed()? {
        -1 | 0 => None,
        -2 => {
            let fault = Fault::new(Code::Surprising, "level -2 is taken for 1");
            field.warning(fault.hint("there is no mode of Huffman codes alone"));
            None
        }
        level => {
            let fits = i32::try_from(level).ok().filter(|level| (1..=9).contains(level));
            if fits.is_none() {
                field.bad_value("out of range", "-1, or 1 to 9");
            }
            fits
        }
    }
}

fn zstd_level(field: &Field<'_>) -> Option<i32> {
    let level = field.signed()?;
    if level == 0 {
        return None;
    }
    let taken = level.clamp(*ZSTD_LEVELS.start(), *ZSTD_LEVELS.end());
    if taken != level {
        let fault = Fault::new(Code::Surprising, format!("the level is taken for {taken}"));
        field.warning(fault.hint("beyond that each compressor costs tens of MiB"));
    }
    i32::try_from(taken).ok()
}
