//! "did you mean": the nearest of the names that would have been right.

/// A hint that names the nearest candidate, if one is near enough to be a slip of the pen.
pub(super) fn did_you_mean<'a>(
    written: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<String> {
    nearest(written, candidates).map(|name| format!("did you mean `{name}`?"))
}

/// The nearest candidate within a third of the longer name's length.
pub(super) fn nearest<'a>(
    written: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let lower = written.to_lowercase();
    let measured = candidates.filter_map(|name| {
        let longer = name.chars().count().max(lower.chars().count());
        let near = distance(&lower, &name.to_lowercase());
        (near.saturating_mul(3) <= longer.max(3)).then_some((near, name))
    });
    measured.min_by_key(|(near, _)| *near).map(|(_, name)| name)
}

/// Edit distance in which two swapped neighbours count once. Names are short: longer ones than
/// [`LENGTH_MAX`] are never near.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().max(b.len()) > LENGTH_MAX {
        return usize::MAX;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i.saturating_add(1)];
        for (j, y) in b.iter().enumerate() {
            let cell = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX);
            let replaced = cell(&last, j).saturating_add(usize::from(x != y));
            let removed = cell(&last, j.saturating_add(1)).saturating_add(1);
            let added = cell(&row, j).saturating_add(1);
            let mut best = replaced.min(removed).min(added);
            let swapped = i > 0
                && j > 0
                && a.get(i.wrapping_sub(1)) == Some(y)
                && b.get(j.wrapping_sub(1)) == Some(x);
            if swapped {
                best = best.min(cell(&before, j.wrapping_sub(1)).saturating_add(1));
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(usize::MAX)
}

/// Characters of a name that is compared.
const LENGTH_MAX: usize = 80;

#[cfg(test)]
mod tests {
    use super::nearest;

    /// A slip is recognised, another word is not.
    #[test]
    fn near_names_are_suggested_and_far_ones_are_not() {
        let names = ["traces", "metrics", "logs", "send_batch_size", "otlphttp/tempo"];
        let cases = [
            ("trace", Some("traces")),
            ("Logs", Some("logs")),
            ("lgos", Some("logs")),
            ("send_batch_sizes", Some("send_batch_size")),
            ("otlphttp/tmepo", Some("otlphttp/tempo")),
            ("spans", None),
            ("", None),
        ];
        for (written, expected) in cases {
            assert_eq!(nearest(written, names.into_iter()), expected, "{written}");
        }
    }
}
