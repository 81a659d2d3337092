//! What one migration costs the sandbox to make: the calls of an apply, its canary and a second plan.

use std::io;

use crate::client::{Client, Request};

pub(crate) const SOURCE: &str = "111111111111";
pub(crate) const DESTINATION: &str = "222222222222";

/// What a plan reads of each bucket.
const READ: [&str; 8] = [
    "encryption",
    "lifecycle",
    "object-lock",
    "ownershipControls",
    "policy",
    "replication",
    "requestPayment",
    "versioning",
];

const ENABLED: &str = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
    "Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

/// The clients of both accounts.
pub(crate) struct Pair {
    pub(crate) source: Client,
    pub(crate) destination: Client,
}

/// One migration of a bucket to a bucket of its own.
pub(crate) struct Migration {
    source: String,
    destination: String,
    role: String,
}

/// Returns the name of a source bucket.
pub(crate) fn source_bucket(number: usize) -> String {
    format!("team-{number:05}-prod")
}

impl Migration {
    pub(crate) fn new(number: usize) -> Self {
        Self {
            source: source_bucket(number),
            destination: format!("team-{number:05}-archive"),
            role: format!("s3ferry-replication-{number:05}"),
        }
    }

    /// Plans, writes, reads each write back, and proves the rule with an object.
    pub(crate) fn apply(&self, pair: &mut Pair) -> io::Result<()> {
        self.plan(pair)?;
        self.make_destination(&mut pair.destination)?;
        write(&mut pair.source, &self.source, "versioning", ENABLED)?;
        self.make_role(&mut pair.source)?;
        let policy = self.destination_policy();
        write(&mut pair.destination, &self.destination, "policy", &policy)?;
        write(&mut pair.source, &self.source, "replication", &self.rules())?;
        self.canary(pair)?;
        self.plan(pair)
    }

    /// Reads all that a plan looks at, there or not.
    fn plan(&self, pair: &mut Pair) -> io::Result<()> {
        let sides = [
            (&mut pair.source, &self.source),
            (&mut pair.destination, &self.destination),
        ];
        for (client, bucket) in sides {
            let path = format!("/{bucket}");
            client.send(s3("HEAD", &path, ""))?;
            for subresource in READ {
                client.send(s3("GET", &path, &format!("{subresource}=")))?;
            }
        }
        self.read_role(&mut pair.source)
    }

    fn read_role(&self, client: &mut Client) -> io::Result<()> {
        let reads = ["GetRole", "ListRolePolicies", "ListAttachedRolePolicies"];
        for operation in reads {
            client.iam(&[("Action", operation), ("RoleName", &self.role)])?;
        }
        let policy = [("RoleName", self.role.as_str()), ("PolicyName", "access")];
        client.iam(&[&[("Action", "GetRolePolicy")], &policy[..]].concat())?;
        Ok(())
    }

    fn make_destination(&self, client: &mut Client) -> io::Result<()> {
        let path = format!("/{}", self.destination);
        let body = "<CreateBucketConfiguration><LocationConstraint>eu-central-1\
                    </LocationConstraint></CreateBucketConfiguration>";
        let create = Request {
            body,
            ..s3("PUT", &path, "")
        };
        client.send(create)?.expect(200)?;
        write(client, &self.destination, "versioning", ENABLED)
    }

    fn make_role(&self, client: &mut Client) -> io::Result<()> {
        let role = ("RoleName", self.role.as_str());
        let tag = [
            ("Tags.member.1.Key", "s3ferry"),
            ("Tags.member.1.Value", "scale"),
        ];
        let create = [
            ("Action", "CreateRole"),
            role,
            ("Path", "/s3ferry/"),
            ("AssumeRolePolicyDocument", TRUST),
        ];
        client.iam(&[&create[..], &tag].concat())?.expect(200)?;
        let put = [
            ("Action", "PutRolePolicy"),
            role,
            ("PolicyName", "access"),
            ("PolicyDocument", &self.role_policy()),
        ];
        client.iam(&put)?.expect(200)?;
        self.read_role(client)
    }

    /// Follows an object to its replica, and removes both.
    fn canary(&self, pair: &mut Pair) -> io::Result<()> {
        let key = ".s3ferry-canary";
        let from = format!("/{}/{key}", self.source);
        let to = format!("/{}/{key}", self.destination);
        let put = Request {
            headers: &[("x-amz-meta-run", "scale")],
            body: "proof",
            ..s3("PUT", &from, "")
        };
        let put = pair.source.send(put)?.expect(200)?;
        let version = put.header("x-amz-version-id").unwrap_or_default();
        let version = format!("versionId={version}");
        pair.source.control("POST", "settle")?;
        let head = pair.source.send(s3("HEAD", &from, &version))?;
        let status = head.header("x-amz-replication-status");
        if status != Some("COMPLETED") {
            return Err(io::Error::other(format!("the canary is {status:?}")));
        }
        let sides = [
            (&mut pair.source, &self.source, &from),
            (&mut pair.destination, &self.destination, &to),
        ];
        for (client, bucket, object) in sides {
            client.send(s3("HEAD", object, &version))?.expect(200)?;
            let list = format!("prefix={key}&versions=");
            client
                .send(s3("GET", &format!("/{bucket}"), &list))?
                .expect(200)?;
            client.send(s3("DELETE", object, &version))?.expect(204)?;
            client.send(s3("HEAD", object, &version))?.expect(404)?;
        }
        Ok(())
    }

    fn role_policy(&self) -> String {
        let (source, destination) = (&self.source, &self.destination);
        format!(
            r#"{{"Version":"2012-10-17","Statement":[
            {{"Effect":"Allow","Action":["s3:GetReplicationConfiguration","s3:ListBucket"],
            "Resource":"arn:aws:s3:::{source}"}},
            {{"Effect":"Allow","Action":["s3:GetObjectVersionForReplication",
            "s3:GetObjectVersionAcl","s3:GetObjectVersionTagging"],"Resource":"arn:aws:s3:::{source}/*"}},
            {{"Effect":"Allow","Action":["s3:ReplicateObject","s3:ReplicateDelete","s3:ReplicateTags",
            "s3:ObjectOwnerOverrideToBucketOwner"],"Resource":"arn:aws:s3:::{destination}/*"}}]}}"#
        )
    }

    fn destination_policy(&self) -> String {
        let Self {
            destination, role, ..
        } = self;
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"s3ferry","Effect":"Allow",
            "Principal":{{"AWS":"arn:aws:iam::{SOURCE}:role/s3ferry/{role}"}},
            "Action":["s3:ReplicateObject","s3:ReplicateDelete","s3:ReplicateTags",
            "s3:ObjectOwnerOverrideToBucketOwner"],"Resource":"arn:aws:s3:::{destination}/*"}}]}}"#
        )
    }

    fn rules(&self) -> String {
        let Self {
            destination, role, ..
        } = self;
        format!(
            "<ReplicationConfiguration><Role>arn:aws:iam::{SOURCE}:role/s3ferry/{role}</Role>\
             <Rule><ID>everything</ID><Priority>1</Priority><Status>Enabled</Status>\
             <Filter><Prefix></Prefix></Filter>\
             <DeleteMarkerReplication><Status>Enabled</Status></DeleteMarkerReplication>\
             <Destination><Bucket>arn:aws:s3:::{destination}</Bucket></Destination></Rule>\
             </ReplicationConfiguration>"
        )
    }
}

/// Writes a subresource as an apply does: looks before, and twice after.
fn write(client: &mut Client, bucket: &str, subresource: &str, body: &str) -> io::Result<()> {
    let (path, query) = (format!("/{bucket}"), format!("{subresource}="));
    client.send(s3("GET", &path, &query))?;
    let put = Request {
        body,
        ..s3("PUT", &path, &query)
    };
    let put = client.send(put)?;
    if !(200..300).contains(&put.status) {
        return Err(io::Error::other(format!("{subresource}: {}", put.body)));
    }
    client.send(s3("GET", &path, &query))?.expect(200)?;
    client.send(s3("GET", &path, &query))?.expect(200)?;
    Ok(())
}

fn s3<'a>(method: &'a str, path: &'a str, query: &'a str) -> Request<'a> {
    Request {
        service: "s3",
        method,
        path,
        query,
        ..Request::default()
    }
}

/// Lists every role page by page and returns how many there are.
pub(crate) fn list_roles(client: &mut Client) -> io::Result<usize> {
    let (mut found, mut marker) = (0, None::<String>);
    loop {
        let mut fields = vec![("Action", "ListRoles"), ("PathPrefix", "/s3ferry/")];
        fields.extend(marker.as_deref().map(|marker| ("Marker", marker)));
        let page = client.iam(&fields)?.expect(200)?;
        found += page.body.matches("<RoleName>").count();
        if page.element("IsTruncated")? == "false" {
            return Ok(found);
        }
        marker = Some(page.element("Marker")?);
    }
}
