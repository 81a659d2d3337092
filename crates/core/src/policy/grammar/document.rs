//! A whole policy document.

use serde_json::value::RawValue;

use super::build::quoted;
use super::decode::percent_decode;
use super::error::{PolicyError, Problem};
use super::json::{join, members, one_or_many, string};
use super::statement::Statement;

/// The version of the policy language; variables such as `${*}` work in the newer one only
/// (IAMUG:reference_policies_elements_version).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// `2008-10-17`; what a document without a version has.
    V2008,
    /// `2012-10-17`.
    V2012,
}

impl Version {
    /// The version as policies spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2008 => "2008-10-17",
            Self::V2012 => "2012-10-17",
        }
    }
}

/// A policy document: statements in order, each with its exact text.
///
/// `==` compares texts; compare meaning with [`crate::policy::same_meaning`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyDocument {
    version: Option<Version>,
    id: Option<String>,
    statements: Vec<Statement>,
}

impl PolicyDocument {
    /// A document without statements, in the newer version of the language.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            version: Some(Version::V2012),
            id: None,
            statements: Vec::new(),
        }
    }

    /// A document of these statements, in the newer version of the language.
    #[must_use]
    pub fn of(statements: impl IntoIterator<Item = Statement>) -> Self {
        Self::empty().with_statements(statements.into_iter().collect())
    }

    /// Reads a document from JSON, as S3 answers GetBucketPolicy.
    ///
    /// # Errors
    /// [`PolicyError`] names the place that is not as the grammar says.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let raw: &RawValue = serde_json::from_str(text)
            .map_err(|error| PolicyError::new("", Problem::Syntax(error.to_string())))?;
        let mut fields = Fields::default();
        for (name, value) in members(raw, "")? {
            fields.take(&name, value)?;
        }
        fields.finish()
    }

    /// Reads a document as IAM answers it: percent-encoded after RFC 3986, where `+` stays `+`
    /// (BC:iam GetRole, GetRolePolicy).
    ///
    /// A text that begins with `{` is not encoded, since the encoding has no `{`; it is read as it is.
    ///
    /// # Errors
    /// [`PolicyError`] for broken escapes, and for what [`PolicyDocument::parse`] refuses.
    pub fn from_iam(text: &str) -> Result<Self, PolicyError> {
        if text.trim_start().starts_with('{') {
            return Self::parse(text);
        }
        let decoded =
            percent_decode(text).ok_or_else(|| PolicyError::new("", Problem::Encoding))?;
        Self::parse(&decoded)
    }

    /// The document as compact JSON; the text of every statement is as it was read.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut members = Vec::new();
        if let Some(version) = self.version {
            members.push(format!("\"Version\":{}", quoted(version.as_str())));
        }
        if let Some(id) = &self.id {
            members.push(format!("\"Id\":{}", quoted(id)));
        }
        let statements: Vec<&str> = self.statements.iter().map(Statement::raw).collect();
        members.push(format!("\"Statement\":[{}]", statements.join(",")));
        format!("{{{}}}", members.join(","))
    }

    /// The version that the document has; 2008-10-17 where it names none.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version.unwrap_or(Version::V2008)
    }

    /// The document's Id; an empty one counts as none.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref().filter(|id| !id.is_empty())
    }

    /// The statements, in order.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// The first statement with this Sid.
    #[must_use]
    pub fn statement(&self, sid: &str) -> Option<&Statement> {
        self.statements
            .iter()
            .find(|statement| statement.sid() == Some(sid))
    }

    /// Whether the document has no statements; AWS stores no such document, so it must be deleted instead of put.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// The same document with other statements.
    #[must_use]
    pub fn with_statements(&self, statements: Vec<Statement>) -> Self {
        Self {
            statements,
            ..self.clone()
        }
    }

    /// The same document in another version.
    #[must_use]
    pub fn with_version(&self, version: Version) -> Self {
        Self {
            version: Some(version),
            ..self.clone()
        }
    }
}

#[derive(Default)]
struct Fields {
    version: Option<Version>,
    id: Option<String>,
    statements: Option<Vec<Statement>>,
}

impl Fields {
    fn take(&mut self, name: &str, value: &RawValue) -> Result<(), PolicyError> {
        match name {
            "Version" => self.version = Some(version(value, name)?),
            "Id" => self.id = Some(string(value, name)?),
            "Statement" => self.statements = Some(statements(value, name)?),
            // Dropping a member that we do not know could change what the document means.
            unknown => return Err(PolicyError::new(&join("", unknown), Problem::Unknown)),
        }
        Ok(())
    }

    fn finish(self) -> Result<PolicyDocument, PolicyError> {
        Ok(PolicyDocument {
            version: self.version,
            id: self.id,
            statements: self
                .statements
                .ok_or_else(|| PolicyError::new("Statement", Problem::Missing))?,
        })
    }
}

fn version(raw: &RawValue, place: &str) -> Result<Version, PolicyError> {
    match string(raw, place)?.as_str() {
        "2008-10-17" => Ok(Version::V2008),
        "2012-10-17" => Ok(Version::V2012),
        _ => Err(PolicyError::new(
            place,
            Problem::Shape("\"2012-10-17\" or \"2008-10-17\""),
        )),
    }
}

fn statements(raw: &RawValue, place: &str) -> Result<Vec<Statement>, PolicyError> {
    one_or_many(raw, place)?
        .into_iter()
        .enumerate()
        .map(|(index, item)| Statement::from_raw(item, &format!("{place}[{index}]")))
        .collect()
}
