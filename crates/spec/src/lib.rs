//! YAML text to a spec and its diagnostics; pure.
