//! Exit codes: a contract with pipelines, in one table.

use std::process::ExitCode;

use s3ferry_engine::Verdict;
use s3ferry_engine::ports::PortError;

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, or nothing to do.
    Done,
    /// An error: AWS, the network, a bug.
    Error,
    /// Changes are pending; only with `plan --detailed-exitcode`.
    Pending,
    /// The world moved since the plan was made.
    Stale,
    /// A gate or a guard refuses.
    Refused,
    /// Verification found differences, or what nobody can say anything of.
    Differs,
    /// Credentials or permissions are missing.
    Denied,
    /// Wrong usage.
    Usage,
    /// The spec is invalid.
    Spec,
    /// The user stopped it.
    Interrupted,
    /// How a run ended.
    Run(Verdict),
}

impl Exit {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Error => 1,
            Self::Pending => 2,
            Self::Stale => 3,
            Self::Refused => 4,
            Self::Differs => 6,
            Self::Denied => 7,
            Self::Usage => 64,
            Self::Spec => 65,
            Self::Interrupted => 130,
            Self::Run(verdict) => verdict.exit_code(),
        }
    }

    /// What failed reads mean: permissions are what the user can mend, so they go first.
    pub(crate) fn of_errors<'a>(mut errors: impl Iterator<Item = &'a PortError>) -> Self {
        let access = errors.any(|error| error.class.is_access());
        if access { Self::Denied } else { Self::Error }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
