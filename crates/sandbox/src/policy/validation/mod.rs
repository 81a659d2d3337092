//! What AWS refuses of a policy when it is put: the grammar, and what an action, a resource and a condition key have to
//! do with each other. Evaluation ([`super::evaluate`]) never refuses; validation never decides.
//!
//! There are two readers, as AWS has two. Policies of resources and trust policies go through [`resource`], with a
//! [`Profile`] that says whose policy it is; policies of identities through [`identity`], which knows no actions
//! (IAM takes those of services that do not exist). What is known of actions is a table ([`catalogue`]). Whether
//! principals exist is IAM's to say.
//!
//! Only what is sure to be refused is: a policy that is taken here may still be refused by AWS, where the documentation
//! of the sandbox says so.

mod arn;
mod catalogue;
mod fault;
mod grammar;
pub(crate) mod identity;
mod judge;
mod profile;
mod resource;
mod sids;

pub(crate) use profile::Profile;
pub(crate) use resource::check;
