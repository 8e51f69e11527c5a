//! JSON that is written, never read: objects, lists and text, enough for the answers of the doors.

/// A value on its way out.
#[derive(Clone, Debug)]
pub struct Json(String);

impl Json {
    /// Text, escaped.
    #[must_use]
    pub fn text(text: &str) -> Self {
        let mut out = String::with_capacity(text.len().saturating_add(2));
        out.push('"');
        for c in text.chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                c if c.is_control() => {
                    let mut units = [0; 2];
                    for unit in c.encode_utf16(&mut units) {
                        out.push_str(&format!("\\u{unit:04x}"));
                    }
                }
                c => out.push(c),
            }
        }
        out.push('"');
        Self(out)
    }

    /// A whole number.
    #[must_use]
    pub fn whole(number: usize) -> Self {
        Self(number.to_string())
    }

    /// `true` or `false`.
    #[must_use]
    pub fn flag(flag: bool) -> Self {
        Self(flag.to_string())
    }

    /// A list.
    #[must_use]
    pub fn list(items: impl IntoIterator<Item = Self>) -> Self {
        let items: Vec<String> = items.into_iter().map(|item| item.0).collect();
        Self(format!("[{}]", items.join(",")))
    }

    /// An object with these members, in this order.
    #[must_use]
    pub fn object<'k>(members: impl IntoIterator<Item = (&'k str, Self)>) -> Self {
        let member = |(key, value): (&str, Self)| format!("{}:{}", Self::text(key).0, value.0);
        let members: Vec<String> = members.into_iter().map(member).collect();
        Self(format!("{{{}}}", members.join(",")))
    }

    /// What is sent.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_json_whatever_the_text() {
        let text = Json::text("a \"b\"\\\n\u{1}\u{7f}é\u{1F600}");
        let json = Json::object([
            ("text", text),
            ("list", Json::list([Json::whole(7), Json::flag(true)])),
            ("none", Json::list([])),
        ]);
        assert_eq!(
            json.into_string(),
            "{\"text\":\"a \\\"b\\\"\\\\\\n\\u0001\\u007fé\u{1F600}\",\"list\":[7,true],\"none\":[]}"
        );
    }
}
