//! Percent-decoding as IAM encodes documents: RFC 3986, where `+` is a plus sign.
//!
//! Form decoding would turn a literal `+` into a space and so change a policy (BC:iam GetRolePolicy).

/// Decodes percent-encoded UTF-8; `None` where an escape or the UTF-8 is broken.
pub(super) fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let decoded = match byte {
            b'%' => hex(rest.next()?)? * 16 + hex(rest.next()?)?,
            plain => plain,
        };
        bytes.push(decoded);
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::percent_decode;

    #[test]
    fn a_plus_stays_a_plus() {
        assert_eq!(percent_decode("a+b%2Bc%20d").unwrap(), "a+b+c d");
    }

    #[test]
    fn broken_escapes_are_refused() {
        for broken in ["%", "%4", "%zz", "%ff"] {
            assert_eq!(percent_decode(broken), None, "{broken}");
        }
    }
}
