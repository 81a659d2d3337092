//! One call of IAM, as its operations see it.

use std::sync::Arc;

use super::Iam;
use super::state::State;
use crate::authority::Caller;
use crate::wire::{Form, Refusal};

/// What an operation answers: the XML of its result, where it has one.
pub(crate) type Answer = Result<Option<String>, Refusal>;

/// One call, as the operations see it.
pub(crate) struct Call<'a> {
    pub(crate) iam: &'a Iam,
    pub(crate) caller: &'a Caller,
    pub(crate) form: &'a Form,
}

impl Call<'_> {
    /// Returns the account that is acted in: IAM knows no other than the caller's.
    pub(crate) fn account(&self) -> &str {
        &self.caller.account
    }

    /// Returns the state that a read answers from.
    pub(crate) fn read(&self) -> Arc<State> {
        self.iam.read(self.account()).unwrap_or_default()
    }

    /// Changes the account and answers nothing.
    pub(crate) fn write(&self, edit: impl FnOnce(&mut State) -> Result<(), Refusal>) -> Answer {
        self.iam.write(self.account(), edit).map(|()| None)
    }
}
