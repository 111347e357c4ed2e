//! Names with a `*` at their end for anything, for values of settings. Pure.

/// Whether one of these, with a colon between them, is the name, or what it begins with and a `*`.
pub fn any_matches(patterns: &[u8], name: &[u8]) -> bool {
    patterns
        .split(|byte| *byte == b':')
        .any(|pattern| match pattern {
            [start @ .., b'*'] => name.starts_with(start),
            _ => !pattern.is_empty() && pattern == name,
        })
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::any_matches;

    #[test]
    fn a_name_matches_whole_or_by_its_start() {
        for (patterns, name, expect) in [
            ("audio", "audio", true),
            ("audio", "audio-1", false),
            ("audio-*", "audio-1", true),
            ("audio-*", "audio-", true),
            ("audio-*", "audio", false),
            ("audio-*:render", "render", true),
            ("audio-*:render", "net", false),
            ("*", "anything", true),
            ("", "", false),
            ("a::b", "", false),
        ] {
            assert_eq!(
                any_matches(patterns.as_bytes(), name.as_bytes()),
                expect,
                "{patterns} {name}"
            );
        }
    }
}
