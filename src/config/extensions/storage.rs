//! `file_storage` and the `memory_limiter` extension: every key is read and checked.
//!
//! Neither has an effect: what would use them (`sending_queue.storage`, `middlewares`) is refused
//! where it stands.

use std::time::Duration;

use crate::config::decode::Field;
use crate::config::keys::{Table, key};
use crate::config::problems::Code;
use crate::config::report::Fault;

pub(super) const FILE_STORAGE: Table = Table {
    scope: "extensions.file_storage",
    keys: &[
        key("directory", "path", "/var/lib/otelcol/file_storage", "where files would lie"),
        key("timeout", "duration", "1s", "wait for the file's lock"),
        key("fsync", "boolean", "false", "whether writes reach the disk"),
        key("create_directory", "boolean", "false", "make what is missing"),
        key("directory_permissions", "octal text", "0750", "of a directory that is made"),
        key("recreate", "boolean", "false", "begin anew when a file is damaged"),
        key("compaction", "mapping", "", "when files shrink"),
    ],
};
pub(super) const COMPACTION: Table = Table {
    scope: "extensions.file_storage.compaction",
    keys: &[
        key("on_start", "boolean", "false", "at the start"),
        key("on_rebound", "boolean", "false", "once the queue has emptied"),
        key("directory", "path", "/tmp", "for the copy"),
        key("max_transaction_size", "whole number", "65536", "entries moved at once; 0: all"),
        key("cleanup_on_start", "boolean", "false", "remove copies left over"),
        key("rebound_needed_threshold_mib", "MiB", "100", "grown beyond this"),
        key("rebound_trigger_threshold_mib", "MiB", "10", "and used less than this"),
        key("check_interval", "duration", "5s", "how often to look"),
    ],
};

/// Reads a `file_storage`; `None` when something in it is wrong.
pub(super) fn file_storage(field: &Field<'_>) -> Option<()> {
    let section = field.section(&FILE_STORAGE)?;
    let _ = section.text("directory");
    let _ = section.duration("timeout", Duration::from_secs(1));
    for key in ["fsync", "create_directory", "recreate"] {
        let _ = section.boolean(key, false);
    }
    if let Some(field) = section.get("directory_permissions") {
        let text = field.text()?;
        if u32::from_str_radix(&text, 8).is_ok_and(|mode| mode <= 0o777) {
            // As in the Collector: three octal digits, a leading 0 allowed.
        } else {
            field.bad_value("no file permissions", "octal digits such as \"0750\"");
        }
    }
    let Some(compaction) = section.get("compaction").and_then(|field| field.section(&COMPACTION))
    else {
        return Some(());
    };
    for key in ["on_start", "on_rebound", "cleanup_on_start"] {
        let _ = compaction.boolean(key, false);
    }
    let _ = compaction.text("directory");
    let sizes =
        ["max_transaction_size", "rebound_needed_threshold_mib", "rebound_trigger_threshold_mib"];
    for key in sizes {
        let _ = compaction.whole(key, 0, 0, u64::from(u32::MAX));
    }
    let interval = compaction.duration("check_interval", Duration::from_secs(5));
    if interval.is_zero() && compaction.boolean("on_rebound", false) {
        let fault = Fault::new(Code::BadValue, "must be positive beside `on_rebound`");
        field.report.error(compaction.mark_of("check_interval"), &compaction.path, fault);
    }
    Some(())
}
