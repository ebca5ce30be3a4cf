//! Jaeger's api_v2, generated from `proto/api_v2.proto`.

tonic::include_proto!("jaeger.api_v2");
