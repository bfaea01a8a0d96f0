package conn

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// lookupSRV is net.Resolver.LookupSRV.
type lookupSRV func(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)

// precedence says which endpoints count if both are given.
type precedence int

const (
	discoveryFirst precedence = iota // as in most commands of upstream
	givenFirst                       // as in its commands that act on each endpoint
)

// resolveEndpoints returns the endpoints that SRV records list if
// --discovery-srv is given, and otherwise, or if they list none, those of
// --endpoints.
func (f *Flags) resolveEndpoints(ctx context.Context, lookup lookupSRV, warn io.Writer, order precedence) ([]string, error) {
	given := make([]string, len(f.endpoints))
	for i, ep := range f.endpoints {
		given[i] = strings.TrimSpace(ep)
	}
	if order == givenFirst && f.given("endpoints") {
		return given, nil
	}
	d := Discovery{Domain: f.discoverySrv, Name: f.discoverySrvName, Insecure: f.insecureDiscovery}
	found, err := d.endpoints(ctx, lookup, warn)
	if err != nil || len(found) > 0 {
		return found, err
	}
	return given, nil
}

// Discovery says which SRV records list the endpoints.
type Discovery struct {
	Domain   string // "" for no discovery
	Name     string // the suffix that --discovery-srv-name adds to the services' names
	Insecure bool   // accept endpoints without TLS
}

// Endpoints returns the URLs that the records list, and warns about those that
// it omits.
func (d Discovery) Endpoints(ctx context.Context, warn io.Writer) ([]string, error) {
	return d.endpoints(ctx, net.DefaultResolver.LookupSRV, warn)
}

func (d Discovery) endpoints(ctx context.Context, lookup lookupSRV, warn io.Writer) ([]string, error) {
	if d.Domain == "" {
		return nil, nil
	}
	found, err := discover(ctx, lookup, d.Domain, d.Name)
	if err != nil {
		return nil, err
	}
	if !d.Insecure {
		found = dropPlain(found, warn)
	}
	return found, nil
}

// discover looks up the TLS and the plain service of a domain, in this order, and
// fails only if both lookups fail. Names and order are those of
// client/pkg/v3/srv, which has no context parameter.
func discover(ctx context.Context, lookup lookupSRV, domain, suffix string) ([]string, error) {
	if suffix != "" {
		suffix = "-" + suffix
	}
	var eps []string
	add := func(service, scheme string) error {
		_, records, err := lookup(ctx, service+suffix, "tcp", domain)
		for _, r := range records {
			u := url.URL{Scheme: scheme, Host: net.JoinHostPort(r.Target, strconv.Itoa(int(r.Port)))}
			eps = append(eps, u.String())
		}
		return err
	}
	errTLS := add("etcd-client-ssl", "https")
	errPlain := add("etcd-client", "http")
	if errTLS != nil && errPlain != nil {
		return nil, fmt.Errorf("dns lookup errors: %w and %w", errTLS, errPlain)
	}
	return eps, nil
}

// dropPlain removes the endpoints that --insecure-discovery=false rejects.
func dropPlain(eps []string, warn io.Writer) []string {
	var kept []string
	for _, ep := range eps {
		if strings.HasPrefix(ep, "http://") {
			fmt.Fprintf(warn, "ignoring discovered insecure endpoint %q\n", ep)
			continue
		}
		kept = append(kept, ep)
	}
	return kept
}
