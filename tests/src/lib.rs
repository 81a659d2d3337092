//! The binary against the sandbox and against moto.
