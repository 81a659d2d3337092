//! Edits of a whole document that touch only the statements they name.
//!
//! AWS replaces a policy whole (BC:s3 PutBucketPolicy), so every edit begins with the document as it was read
//! and hands the statements of others on, byte for byte and in order.

use std::collections::BTreeSet;

use super::canon::CanonicalStatement;
use super::grammar::{Effect, PolicyDocument, Statement, Version, emit};

/// Statements of others that use variable syntax in a document of the older version, where it is plain text.
///
/// Raising the version would turn that text into variables and so change what the statements mean.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("statement {} holds \"${{\", which version 2012-10-17 would read as a variable", .statements.join(", "))]
pub struct VersionConflict {
    /// The statements, by name.
    pub statements: Vec<String>,
}

impl PolicyDocument {
    /// The document with this statement in place of the one with the same Sid, or else at the end.
    ///
    /// Further statements with the same Sid go: a Sid is an identity.
    #[must_use]
    pub fn with_statement(&self, sid: &str, statement: Statement) -> Self {
        let place = self
            .statements()
            .iter()
            .position(|old| old.sid() == Some(sid));
        let mut statements = self.without(sid).statements().to_vec();
        statements.insert(place.unwrap_or(statements.len()), statement);
        self.with_statements(statements)
    }

    /// The document without the statements that have this Sid.
    #[must_use]
    pub fn without(&self, sid: &str) -> Self {
        let kept = self
            .statements()
            .iter()
            .filter(|old| old.sid() != Some(sid));
        self.with_statements(kept.cloned().collect())
    }

    /// The document with these statements as the only ones of ours.
    ///
    /// Each of `ours` has a Sid, and a live statement with that Sid is ours. Statements of others stay as they are and where they are. One of ours that already means what is wanted
    /// keeps its text, so that a document that is as wanted comes back byte for byte. Where a new statement needs
    /// variables, the version is raised.
    ///
    /// # Errors
    /// [`VersionConflict`] where raising the version would change what a statement of others means.
    pub fn merged(
        &self,
        ours: &[Statement],
        is_owned: impl Fn(&Statement) -> bool,
    ) -> Result<Self, VersionConflict> {
        let wanted: BTreeSet<&str> = ours.iter().filter_map(Statement::sid).collect();
        let is_wanted = |old: &Statement| old.sid().is_some_and(|sid| wanted.contains(sid));
        let kept = self
            .statements()
            .iter()
            .filter(|old| is_wanted(old) || !is_owned(old));
        let base = self.with_statements(kept.cloned().collect());
        let merged = ours
            .iter()
            .fold(base, |document, statement| document.updated(statement));
        if ours.iter().any(Statement::uses_variables) {
            return merged.with_variables_except(ours);
        }
        Ok(merged)
    }

    fn updated(&self, statement: &Statement) -> Self {
        let sid = statement.sid().unwrap_or_default();
        let mut named = self
            .statements()
            .iter()
            .filter(|old| old.sid() == Some(sid));
        match (named.next(), named.next()) {
            (Some(old), None) if old.same_meaning(statement) => self.clone(),
            _ => self.with_statement(sid, statement.clone()),
        }
    }

    /// The document in version 2012-10-17, in which variables such as `${*}` work.
    ///
    /// # Errors
    /// [`VersionConflict`] where that would change what a statement means.
    pub fn with_variables(&self) -> Result<Self, VersionConflict> {
        self.with_variables_except(&[])
    }

    /// The same, where these statements are written for the newer version.
    fn with_variables_except(&self, new: &[Statement]) -> Result<Self, VersionConflict> {
        if self.version() == Version::V2012 {
            return Ok(self.clone());
        }
        let numbered = self.statements().iter().enumerate();
        let statements: Vec<String> = numbered
            .filter(|(_, statement)| statement.uses_variables() && !is_among(statement, new))
            .map(|(index, _)| self.name_at(index))
            .collect();
        if statements.is_empty() {
            Ok(self.with_version(Version::V2012))
        } else {
            Err(VersionConflict { statements })
        }
    }
}

fn is_among(statement: &Statement, new: &[Statement]) -> bool {
    new.iter().any(|one| one.same_meaning(statement))
}

impl Statement {
    /// Whether the statement holds variable syntax (`${`), which means something in version 2012-10-17 only.
    #[must_use]
    pub fn uses_variables(&self) -> bool {
        let resources = self
            .resources()
            .into_iter()
            .flat_map(|scope| scope.listed());
        let conditions = self
            .conditions()
            .iter()
            .flat_map(|condition| &condition.values);
        let mut known = resources.chain(conditions);
        let in_unknown = !self.unknown_members().is_empty() && self.raw().contains("${");
        in_unknown || known.any(|text| text.contains("${"))
    }

    /// The same statement under another Sid; `None` where it has members that would get lost.
    #[must_use]
    pub fn with_sid(&self, sid: &str) -> Option<Self> {
        let mut body = self.body().clone();
        body.sid = Some(sid.to_owned());
        body.unknown.is_empty().then(|| emit(body))
    }
}

/// The document between `before` and `after`: all of `after`, and every grant of ours that `before` has and
/// `after` drops.
///
/// Replication must be allowed to run under the old configuration until the new one is in force, so policies
/// grow before the configuration changes, and shrink to `after` when it has changed.
///
/// A dropped grant goes to the end of the document. Where its Sid has another content in `after`, it is kept
/// under that Sid followed by `Old` and, where that is taken too, a number: ownership must be read from how a
/// Sid begins, so that a run that stops here is cleaned up by the next one. Denies of ours are not carried on,
/// because they grant nothing, and neither is a statement with unknown members whose Sid is taken.
#[must_use]
pub fn union_for_growth(
    before: &PolicyDocument,
    after: &PolicyDocument,
    is_owned: impl Fn(&Statement) -> bool,
) -> PolicyDocument {
    let rights: BTreeSet<CanonicalStatement> = after
        .statements()
        .iter()
        .map(|kept| kept.canonical().without_sid())
        .collect();
    let dropped = before
        .statements()
        .iter()
        .filter(|old| old.effect() == Effect::Allow && is_owned(old))
        .filter(|old| !rights.contains(&old.canonical().without_sid()));
    dropped.fold(after.clone(), |document, old| {
        let mut statements = document.statements().to_vec();
        statements.extend(renamed_for(&document, old));
        document.with_statements(statements)
    })
}

/// The statement under a Sid that the document does not have yet.
fn renamed_for(document: &PolicyDocument, old: &Statement) -> Option<Statement> {
    let is_free = |sid: &str| document.statement(sid).is_none();
    let Some(sid) = old.sid().filter(|sid| !is_free(sid)) else {
        return Some(old.clone());
    };
    let numbered = (2_u32..).map(|number| format!("{sid}Old{number}"));
    let mut names = std::iter::once(format!("{sid}Old")).chain(numbered);
    names
        .find(|name| is_free(name))
        .and_then(|name| old.with_sid(&name))
}
