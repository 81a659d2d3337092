//! What a run found where it wrote, document by document, with what is there now.

use s3ferry_core::model::{Document, Observed};
use s3ferry_engine::journal::JournalFile;
use s3ferry_render::{plural, sanitize};

use super::{Now, Of, Work, out_of_reach};
use crate::commands::Ended;
use crate::exit::Exit;
use crate::overwritten::command;

impl Work<'_> {
    pub(super) async fn list(&self, journal: &JournalFile) -> Ended {
        let cloud = self.sign_in().await?;
        let reached = self
            .documents
            .values()
            .filter_map(|of| of.target.as_ref().ok());
        let observed = self.look(&cloud, reached).await?;
        let count = plural(self.documents.len() as u64, "document");
        let mut lines = vec![format!(
            "Run {}, begun {}: {count}.",
            self.run, journal.header.started
        )];
        for (address, of) in &self.documents {
            lines.push(String::new());
            lines.extend(self.listed(address, of, &observed));
        }
        let text: Vec<String> = lines.iter().map(|line| sanitize(line) + "\n").collect();
        self.printer.data(&text.concat())?;
        Ok(Exit::Done)
    }

    fn listed(&self, address: &str, of: &Of, observed: &Observed) -> Vec<String> {
        let give = |document: &str| {
            format!(
                "           give back: {}",
                command(self.run, &self.paths(), &[document])
            )
        };
        let mut lines = vec![address.to_owned()];
        let found = of.kept.before.as_ref().map(|held| self.document(of, held));
        if let (Some(held), Some(document)) = (&of.kept.before, &found) {
            lines.push(format!("  before   {held}: {}", line(document.as_ref())));
            lines.push(give(address));
        }
        for seen in &of.kept.seen {
            let document = self.document(of, &seen.held);
            if self.is_own(of, document.as_ref()) {
                continue;
            }
            lines.push(format!(
                "  seen     {}: {}, which a read answered meanwhile",
                seen.held,
                line(document.as_ref())
            ));
            lines.push(give(&format!("{address}@{}", seen.held)));
        }
        if let Some(left) = &of.kept.left {
            lines.push(format!("  left     {}", short(left)));
        }
        lines.push(format!("  now      {}", self.told(of, found, observed)));
        lines
    }

    /// What a document holds now, in words.
    fn told(
        &self,
        of: &Of,
        found: Option<Result<Option<Document>, String>>,
        observed: &Observed,
    ) -> String {
        let target = match &of.target {
            Ok(target) => target,
            Err(why) => return format!("not reached: {why}"),
        };
        if let Some(code) = out_of_reach(observed, target) {
            return format!("not reached: {code}");
        }
        let live = observed.document(target);
        let found = found.and_then(Result::ok).flatten();
        let how = match self.now(of, found.as_ref(), live) {
            Now::AsLeft => "as the run left it",
            Now::AsFound => "as before the run",
            Now::Moved => "changed since the run began",
        };
        format!("{how}: {}", described(live))
    }
}

/// A kept document in a line.
fn line(document: Result<&Option<Document>, &String>) -> String {
    match document {
        Ok(document) => described(document.as_ref()),
        Err(why) => format!("cannot be had: {why}"),
    }
}

/// A document in a line.
fn described(document: Option<&Document>) -> String {
    let Some(document) = document else {
        return "nothing".to_owned();
    };
    let name = document.kind().facts().name;
    match document.items().as_slice() {
        [] => format!("{name} without items"),
        [one] if one.path.is_empty() => name.to_owned(),
        items => format!("{name} of {}", plural(items.len() as u64, "item")),
    }
}

/// As much of a fingerprint as tells it from others.
fn short(print: &str) -> &str {
    print.get(..16).unwrap_or(print)
}
