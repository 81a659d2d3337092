//! Builders, generators, an in-memory world, fault decorators and the port contract suite.
