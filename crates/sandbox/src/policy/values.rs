//! Values of conditions: numbers, times and addresses.

use std::net::IpAddr;

/// Reads a number.
pub(crate) fn number(text: &str) -> Option<f64> {
    text.trim()
        .parse::<f64>()
        .ok()
        .filter(|number| number.is_finite())
}

/// Reads a time as seconds since 1970: ISO 8601, a day, or the seconds themselves.
pub(crate) fn time(text: &str) -> Option<f64> {
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(time.as_duration().as_secs_f64());
    }
    if let Ok(day) = text.parse::<jiff::civil::Date>() {
        let start = jiff::tz::TimeZone::UTC
            .to_timestamp(day.at(0, 0, 0, 0))
            .ok()?;
        return Some(start.as_duration().as_secs_f64());
    }
    number(text)
}

/// Tells whether an address is in a network, as `203.0.113.0/24`, or is the address.
pub(crate) fn in_network(address: &str, network: &str) -> Option<bool> {
    let (base, bits) = match network.split_once('/') {
        Some((base, bits)) => (base, Some(bits.parse::<u32>().ok()?)),
        None => (network, None),
    };
    let (address, base) = (
        address.parse::<IpAddr>().ok()?,
        base.parse::<IpAddr>().ok()?,
    );
    let (address, base, width) = match (address, base) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (u32::from(a).into(), u32::from(b).into(), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => (u128::from(a), u128::from(b), 128),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return Some(false),
    };
    let host_bits = width - bits.unwrap_or(width).min(width);
    let net = |address: u128| address.checked_shr(host_bits).unwrap_or(0);
    Some(net(address) == net(base))
}

/// Says whether a text is an address or a network.
pub(crate) fn is_network(text: &str) -> bool {
    let (base, bits) = match text.split_once('/') {
        Some((base, bits)) => (base, Some(bits)),
        None => (text, None),
    };
    let widest = match base.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    bits.is_none_or(|bits| bits.parse::<u32>().is_ok_and(|bits| bits <= widest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_documented_form() {
        assert_eq!(time("2001-09-09T01:46:40Z"), Some(1e9));
        assert_eq!(time("1000000000"), Some(1e9));
        assert_eq!(time("1970-01-02"), Some(86400.0));
        assert_eq!(time("soon"), None);
    }

    #[test]
    fn networks_hold_their_addresses() {
        assert_eq!(in_network("203.0.113.9", "203.0.113.0/24"), Some(true));
        assert_eq!(in_network("203.0.114.9", "203.0.113.0/24"), Some(false));
        assert_eq!(in_network("1.2.3.4", "1.2.3.4"), Some(true));
        assert_eq!(in_network("1.2.3.4", "0.0.0.0/0"), Some(true));
        assert_eq!(in_network("2001:db8::1", "2001:db8::/32"), Some(true));
        assert_eq!(in_network("2001:db8::1", "::/0"), Some(true));
        assert_eq!(in_network("1.2.3.4", "::/0"), Some(false));
        assert_eq!(in_network("x", "::/0"), None);
    }
}
