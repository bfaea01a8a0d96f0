// Package s3 keeps the objects of a backup repository in a bucket of Amazon S3,
// or of a server that speaks its protocol. It is the only package that links an
// S3 client.
package s3

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/s3utils"

	"etcdkit/backup/store"
)

const (
	scheme = "s3://"

	// amazon is the endpoint without --s3-endpoint. The client derives that of
	// the bucket's region from it.
	amazon = "https://s3.amazonaws.com"
	// otherRegion is the region of servers that have none.
	otherRegion = "us-east-1"

	// stall is how long a connection may move no byte.
	stall = 2 * time.Minute
)

// Store is a store in a bucket. The names of its objects begin with a prefix.
type Store struct {
	core     minio.Core
	creds    *credentials.Credentials
	bucket   string
	prefix   string // "" or with a slash at its end
	endpoint string
	idle     func() // closes the connections that are not used
}

// Open returns the store at s3://BUCKET/PREFIX. It connects to nothing yet. With
// an option's field unset, the region is that of AWS_REGION or
// AWS_DEFAULT_REGION; the endpoint that of AWS_ENDPOINT_URL_S3 or
// AWS_ENDPOINT_URL, or Amazon's. Credentials come from the environment, from the
// shared files of AWS's programs, or from the role of the instance or container.
func Open(_ context.Context, location string, o store.Options) (store.Store, error) {
	s := &Store{}
	var err error
	if s.bucket, s.prefix, err = parse(location); err != nil {
		return nil, err
	}
	endpoint, err := parseEndpoint(first(o.Endpoint, o.Getenv("AWS_ENDPOINT_URL_S3"), o.Getenv("AWS_ENDPOINT_URL"), amazon))
	if err != nil {
		return nil, err
	}
	s.endpoint = endpoint.String()
	transport, err := newTransport(o.CAFile)
	if err != nil {
		return nil, err
	}
	s.idle = transport.CloseIdleConnections
	region := first(o.Region, o.Getenv("AWS_REGION"), o.Getenv("AWS_DEFAULT_REGION"))
	if region == "" && s.endpoint != amazon {
		region = otherRegion
	}
	s.creds = credentials.New(&provider{env: o.Getenv, region: region})
	lookup := minio.BucketLookupAuto
	if o.PathStyle {
		lookup = minio.BucketLookupPath
	}
	client, err := minio.New(endpoint.Host, &minio.Options{
		Creds:        s.creds,
		Secure:       endpoint.Scheme == "https",
		Transport:    transport,
		Region:       region,
		BucketLookup: lookup,
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", location, err)
	}
	s.core = minio.Core{Client: client}
	return s, nil
}

// parse splits s3://BUCKET/PREFIX.
func parse(location string) (bucket, prefix string, err error) {
	rest, ok := strings.CutPrefix(location, scheme)
	bucket, prefix, _ = strings.Cut(rest, "/")
	prefix = strings.TrimSuffix(prefix, "/")
	bad := func(why string) error { return fmt.Errorf("%q: %s: give s3://BUCKET/PREFIX", location, why) }
	switch {
	case !ok:
		return "", "", bad("no S3 location")
	case strings.ContainsAny(location, "?#@") || strings.ContainsFunc(location, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "", "", fmt.Errorf("an S3 location has no keys, options or control characters: give s3://BUCKET/PREFIX, and keys in the environment")
	case s3utils.CheckValidBucketNameStrict(bucket) != nil:
		return "", "", bad("no valid name of a bucket")
	}
	if prefix == "" {
		return bucket, "", nil
	}
	for part := range strings.SplitSeq(prefix, "/") {
		if part == "" || part == "." || part == ".." {
			return "", "", bad("the prefix has an empty part, . or ..")
		}
	}
	return bucket, prefix + "/", nil
}

// parseEndpoint accepts a URL, or a host for https.
func parseEndpoint(s string) (*url.URL, error) {
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("--s3-endpoint is not a URL: give https://HOST[:PORT]")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
		return nil, errors.New("--s3-endpoint has more than a host and a port: give https://HOST[:PORT], the bucket in s3://BUCKET, and keys in the environment")
	}
	u.Path = ""
	return u, nil
}

// newTransport returns the transport of all requests: as it comes from the
// server, without a limit of time for large bodies, but with one for silence.
func newTransport(caFile string) (*http.Transport, error) {
	dialer := net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}
	t := &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := dialer.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return restless{c}, nil
		},
		TLSHandshakeTimeout:   15 * time.Second,
		ResponseHeaderTimeout: stall,
		IdleConnTimeout:       time.Minute,
		MaxIdleConnsPerHost:   2 * uploads,
		DisableCompression:    true, // objects are what they are
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
	}
	if caFile == "" {
		return t, nil
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("--s3-ca-file: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("--s3-ca-file: %s has no certificate in PEM format", caFile)
	}
	t.TLSClientConfig.RootCAs = pool
	return t, nil
}

// restless is a connection that fails when it moves no byte for a while.
type restless struct{ net.Conn }

func (r restless) Read(p []byte) (int, error) {
	if err := r.SetReadDeadline(time.Now().Add(stall)); err != nil {
		return 0, err
	}
	return r.Conn.Read(p)
}

func (r restless) Write(p []byte) (int, error) {
	if err := r.SetWriteDeadline(time.Now().Add(stall)); err != nil {
		return 0, err
	}
	return r.Conn.Write(p)
}

// Location is s3://BUCKET/PREFIX.
func (s *Store) Location() string { return scheme + s.bucket + "/" + strings.TrimSuffix(s.prefix, "/") }

// Close closes the connections.
func (s *Store) Close() error {
	s.idle()
	return nil
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
