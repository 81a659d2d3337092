//! Access control lists: who was granted what, by canonical user ids and groups.

use std::sync::Arc;

/// The grants of an object.
pub(crate) type Acl = Arc<[Grant]>;

/// One grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) grantee: Grantee,
    pub(crate) permission: Permission,
}

/// Who is granted something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Grantee {
    /// An account, by its canonical id.
    User(Box<str>),
    Group(Group),
}

/// The groups that S3 knows (UG:acl-overview).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    AllUsers,
    AuthenticatedUsers,
    LogDelivery,
}

/// What is granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permission {
    Read,
    Write,
    ReadAcp,
    WriteAcp,
    FullControl,
}

/// Every group with its address.
const GROUPS: [(Group, &str); 3] = [
    (
        Group::AllUsers,
        "http://acs.amazonaws.com/groups/global/AllUsers",
    ),
    (
        Group::AuthenticatedUsers,
        "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
    ),
    (
        Group::LogDelivery,
        "http://acs.amazonaws.com/groups/s3/LogDelivery",
    ),
];

/// Every permission as the API writes it.
const PERMISSIONS: [(Permission, &str); 5] = [
    (Permission::Read, "READ"),
    (Permission::Write, "WRITE"),
    (Permission::ReadAcp, "READ_ACP"),
    (Permission::WriteAcp, "WRITE_ACP"),
    (Permission::FullControl, "FULL_CONTROL"),
];

impl Group {
    /// Returns the address by which it is named.
    pub(crate) fn uri(self) -> &'static str {
        let row = GROUPS.iter().find(|(group, _)| *group == self);
        row.map_or("", |(_, uri)| uri)
    }

    /// Reads an address.
    pub(crate) fn parse(uri: &str) -> Option<Self> {
        let row = GROUPS.iter().find(|(_, known)| *known == uri);
        row.map(|(group, _)| *group)
    }

    /// Says whether anyone may be in it: then the grant is public (UG:access-control-block-public-access).
    pub(crate) fn is_public(self) -> bool {
        match self {
            Self::AllUsers | Self::AuthenticatedUsers => true,
            Self::LogDelivery => false,
        }
    }
}

impl Permission {
    /// As the API writes it.
    pub(crate) fn as_str(self) -> &'static str {
        let row = PERMISSIONS.iter().find(|(known, _)| *known == self);
        row.map_or("", |(_, name)| name)
    }

    /// Reads the API's name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let row = PERMISSIONS.iter().find(|(_, known)| *known == name);
        row.map(|(permission, _)| *permission)
    }

    /// Says whether who has this has the other.
    pub(crate) fn includes(self, other: Self) -> bool {
        self == other || self == Self::FullControl
    }
}

impl Grant {
    /// Grants something to an account, by its canonical id.
    pub(crate) fn to_user(id: &str, permission: Permission) -> Self {
        Self {
            grantee: Grantee::User(id.into()),
            permission,
        }
    }

    /// Grants something to a group.
    pub(crate) fn to_group(group: Group, permission: Permission) -> Self {
        Self {
            grantee: Grantee::Group(group),
            permission,
        }
    }

    /// Says whether it lets everyone in.
    pub(crate) fn is_public(&self) -> bool {
        matches!(self.grantee, Grantee::Group(group) if group.is_public())
    }

    /// Says whether it gives an account this, as one of its own and not as one of a group.
    pub(crate) fn gives(&self, id: &str, permission: Permission) -> bool {
        matches!(&self.grantee, Grantee::User(own) if **own == *id)
            && self.permission.includes(permission)
    }
}
