//! The embedded Jaeger.
