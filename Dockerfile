FROM rust:1.95-slim-bookworm AS build
# Writes the list of dependencies into the program, for scanners: see docs/supply-chain.md.
RUN cargo install --locked cargo-auditable@0.7.7
WORKDIR /src
# The C library becomes a part of the program, which then needs no other file. Its resolver reads hosts and asks DNS by itself.
ENV RUSTFLAGS="-C target-feature=+crt-static"

# The dependencies alone, with an empty program: this layer is kept until one of them changes.
COPY Cargo.toml Cargo.lock ./
COPY crates/telemetry/Cargo.toml crates/telemetry/
COPY crates/embedded-jaeger/Cargo.toml crates/embedded-jaeger/
# Members of the workspace; not built, but cargo asks for them.
COPY tests/api-v2/Cargo.toml tests/api-v2/
COPY benches/peers/Cargo.toml benches/peers/
RUN for crate in crates/telemetry crates/embedded-jaeger tests/api-v2 benches/peers; do mkdir $crate/src && touch $crate/src/lib.rs; done \
 && mkdir src && echo 'fn main() {}' >src/main.rs \
 && cargo auditable build --release --locked -p axum-jaeger --target "$(rustc --print host-tuple)"

COPY crates crates
COPY src src
# The copies may be older than the empty ones; cargo goes by the time.
RUN touch src/main.rs crates/*/src/lib.rs \
 && cargo auditable build --release --locked -p axum-jaeger --target "$(rustc --print host-tuple)"

# The binary alone, for `docker build --target binary --output DIR`.
FROM scratch AS binary
COPY --from=build /src/target/*/release/axum-jaeger /

FROM gcr.io/distroless/static-debian12:nonroot
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="axum-jaeger" \
      org.opencontainers.image.description="Distributed tracing of a Rust service with Jaeger" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=binary /axum-jaeger /usr/local/bin/
EXPOSE 8000
ENTRYPOINT ["axum-jaeger"]
CMD ["serve"]
