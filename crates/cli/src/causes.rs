//! Failures by their cause: one cause is one message, however many documents it kept from being read.

use s3ferry_aws::SignInProblem;
use s3ferry_engine::ports::{Class, PortError};

/// Failures of one cause.
struct Group<'a> {
    /// The one that says most.
    says: &'a PortError,
    /// What was called on, each once.
    on: Vec<String>,
    /// How many failed.
    count: usize,
}

/// Places that a message names before it counts the rest.
const NAMED: usize = 3;
/// Messages that say less than others of the same cause.
const WORDLESS: [&str; 2] = ["the answer gives no reason", "no answer in time"];

/// The messages for failures, each with what can be done about it, in the order of their first.
pub(crate) fn messages(failures: &[PortError]) -> Vec<(String, Option<&str>)> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for failure in failures {
        let on = place(failure);
        match groups
            .iter_mut()
            .find(|group| same_cause(group.says, failure))
        {
            Some(group) => group.add(failure, on),
            None => groups.push(Group {
                says: failure,
                on: vec![on],
                count: 1,
            }),
        }
    }
    groups.iter().map(Group::message).collect()
}

impl<'a> Group<'a> {
    fn add(&mut self, failure: &'a PortError, on: String) {
        self.count += 1;
        if !self.on.contains(&on) {
            self.on.push(on);
        }
        if says_little(self.says) {
            self.says = failure;
        }
    }

    fn message(&self) -> (String, Option<&'a str>) {
        let Self { says, on, count } = self;
        let hint = says.hint.as_deref();
        if *count == 1 {
            return (says.to_string(), hint);
        }
        let PortError {
            service,
            code,
            message,
            ..
        } = says;
        let documents = s3ferry_render::plural(*count as u64, "document");
        let on = listed(on);
        (
            format!("{service} on {on} ({documents}): {code}: {message}"),
            hint,
        )
    }
}

/// The bucket where the bucket is the trouble, else what was called on.
fn place(failure: &PortError) -> String {
    let target = &failure.target;
    match failure.class {
        Class::Misplaced => target.split('/').take(3).collect::<Vec<_>>().join("/"),
        Class::Credentials
        | Class::Denied
        | Class::Throttled
        | Class::Transient
        | Class::Propagation
        | Class::Busy
        | Class::Rejected
        | Class::Unexpected => target.clone(),
    }
}

/// Whether what mends one mends the other: a bucket that is elsewhere is so for each call, which S3 answers in different
/// words; anything else is the same where AWS says the same.
fn same_cause(one: &PortError, other: &PortError) -> bool {
    if (one.class, one.service, &one.hint) != (other.class, other.service, &other.hint) {
        return false;
    }
    match one.class {
        Class::Misplaced => place(one) == place(other),
        Class::Credentials
        | Class::Denied
        | Class::Throttled
        | Class::Transient
        | Class::Propagation
        | Class::Busy
        | Class::Rejected
        | Class::Unexpected => (&one.code, reason(one)) == (&other.code, reason(other)),
    }
}

fn says_little(failure: &PortError) -> bool {
    WORDLESS.contains(&failure.message.as_str())
}

/// What AWS says, or why it was not reached: a network that is down keeps all servers away.
fn reason(failure: &PortError) -> &str {
    let message = failure.message.as_str();
    match failure.code.as_str() {
        "NoConnection" => message.rsplit(": ").next().unwrap_or(message),
        "Timeout" => "",
        _ => message,
    }
}

fn listed(names: &[String]) -> String {
    let shown = names.iter().take(NAMED).map(String::as_str);
    let shown = shown.collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// The messages for accounts that cannot be signed in to, likewise.
pub(crate) fn sign_in_messages(problems: &[SignInProblem]) -> Vec<(String, Option<&str>)> {
    let mut groups: Vec<Vec<&SignInProblem>> = Vec::new();
    for problem in problems {
        let same = |group: &&mut Vec<&SignInProblem>| {
            group
                .first()
                .is_some_and(|first| same_cause(&first.error, &problem.error))
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(problem),
            None => groups.push(vec![problem]),
        }
    }
    groups.iter().filter_map(|group| told(group)).collect()
}

fn told<'a>(group: &[&'a SignInProblem]) -> Option<(String, Option<&'a str>)> {
    let first = group.first()?;
    let hint = first.error.hint.as_deref();
    let named = |problem: &&SignInProblem| format!("{} ({})", problem.account, problem.id);
    let names: Vec<String> = group.iter().map(named).collect();
    let text = match group {
        [one] => format!(
            "cannot sign in to account {}: {}",
            names.join(""),
            one.error
        ),
        _ => {
            let told = group.iter().find(|problem| !says_little(&problem.error));
            let PortError { code, message, .. } = &told.unwrap_or(first).error;
            format!(
                "cannot sign in to accounts {}: {code}: {message}",
                listed(&names)
            )
        }
    };
    Some((text, hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(class: Class, target: &str, code: &str, message: &str, hint: &str) -> PortError {
        PortError {
            class,
            service: "s3",
            operation: "GetBucketVersioning",
            target: target.to_owned(),
            code: code.to_owned(),
            message: message.to_owned(),
            request_id: Some(target.to_owned()),
            hint: Some(hint.to_owned()),
        }
    }

    #[test]
    fn a_bucket_that_is_elsewhere_is_one_message_in_its_best_words() {
        let elsewhere = |part: &str, code: &str, message: &str| {
            let target = format!("1/bucket/a/{part}");
            failure(
                Class::Misplaced,
                &target,
                code,
                message,
                "it is in eu-west-1",
            )
        };
        let failures = [
            elsewhere("versioning", "HTTP 301", WORDLESS[0]),
            elsewhere("policy", "PermanentRedirect", "use the endpoint"),
            elsewhere("tags", "WrongRegion", "other words"),
            failure(
                Class::Misplaced,
                "1/bucket/b/tags",
                "X",
                "y",
                "it is in eu-west-1",
            ),
        ];
        let told = messages(&failures);
        let expected = "s3 on 1/bucket/a (3 documents): PermanentRedirect: use the endpoint";
        assert_eq!(told[0], (expected.to_owned(), Some("it is in eu-west-1")));
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[1].0.contains("on 1/bucket/b/tags: X: y"), "{told:?}");
    }

    #[test]
    fn the_same_words_about_many_documents_are_one_message_and_others_stay() {
        let refused =
            |target: &str, hint| failure(Class::Denied, target, "AccessDenied", "no", hint);
        let failures = ["a", "b", "c", "d", "e"].map(|target| refused(target, "needs x"));
        let mut failures = failures.to_vec();
        failures.push(refused("a", "needs y"));
        let told = messages(&failures);
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!(
            told[0].0,
            "s3 on a, b, c and 2 more (5 documents): AccessDenied: no"
        );
    }
}
