//! What `--version` says: the version, and the commit and the day of this build, which `build.rs` finds out.

use std::fmt;
use std::sync::LazyLock;

use jiff::Timestamp;

/// This build's version, without commit and day.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Where a build comes from.
#[derive(Debug, Clone, Copy)]
struct Build<'a> {
    version: &'a str,
    /// Empty where it is not known.
    commit: &'a str,
    /// Seconds since 1970.
    built: &'a str,
}

/// Returns the version with commit and day, for people and reports; programs compare [`VERSION`].
pub(crate) fn long_version() -> &'static str {
    static LONG: LazyLock<String> = LazyLock::new(|| {
        let build = Build {
            version: VERSION,
            commit: env!("S3FERRY_COMMIT"),
            built: env!("S3FERRY_BUILT"),
        };
        build.to_string()
    });
    &LONG
}

impl fmt::Display for Build<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            version,
            commit,
            built,
        } = self;
        match *commit {
            "" => write!(out, "{version} (unknown commit, ")?,
            commit => write!(out, "{version} (commit {commit}, ")?,
        }
        match day(built) {
            Some(day) => write!(out, "built {day})"),
            None => write!(out, "built on an unknown day)"),
        }
    }
}

/// The day in UTC, as a reproducible build needs it.
fn day(seconds: &str) -> Option<String> {
    let time = Timestamp::from_second(seconds.parse().ok()?).ok()?;
    Some(time.strftime("%Y-%m-%d").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(commit: &str, built: &str) -> String {
        let version = "1.2.3";
        Build {
            version,
            commit,
            built,
        }
        .to_string()
    }

    #[test]
    fn a_version_names_its_commit_and_its_day() {
        assert_eq!(
            said("0123456789ab-dirty", "951782400"),
            "1.2.3 (commit 0123456789ab-dirty, built 2000-02-29)"
        );
    }

    #[test]
    fn what_is_not_known_is_said() {
        assert_eq!(
            said("", "951868799"),
            "1.2.3 (unknown commit, built 2000-02-29)"
        );
        assert_eq!(
            said("", "99999999999999999999"),
            "1.2.3 (unknown commit, built on an unknown day)"
        );
    }
}
