# A static binary and nothing else: no shell, no package, no user but one without rights.
# It writes nothing to its root file system but exports to /tmp, so run it with --read-only --tmpfs /tmp.
# It needs DATABASE_URL: there is no Postgres inside. The sources come without their repository, so say
# which they are: docker build --build-arg VERSION="$(git describe --tags --always)" -t okrbot .
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w -X main.stamped=$VERSION" -o /okrbot ./cmd/okrbot

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /usr/local/go/lib/time/zoneinfo.zip /usr/local/go/lib/time/zoneinfo.zip
COPY --from=build /okrbot /okrbot
COPY THIRD_PARTY_LICENSES /THIRD_PARTY_LICENSES
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/okrbot"]
CMD ["serve"]
