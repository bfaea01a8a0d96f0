package conn

import (
	"bytes"
	"context"
	"net"
	"slices"
	"testing"
)

// zone is a DNS zone: records by service name.
type zone map[string][]*net.SRV

func (z zone) lookup(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
	full := "_" + service + "._" + proto + "." + name
	records, ok := z[full]
	if !ok {
		return "", nil, &net.DNSError{Err: "no such host", Name: full, IsNotFound: true}
	}
	return full, records, nil
}

func TestDiscovery(t *testing.T) {
	t.Parallel()
	z := zone{
		"_etcd-client._tcp.both.test":     {{Target: "a.both.test.", Port: 2379}, {Target: "b.both.test.", Port: 2380}},
		"_etcd-client-ssl._tcp.both.test": {{Target: "s.both.test.", Port: 2379}},
		"_etcd-client._tcp.plain.test":    {{Target: "10.0.0.1", Port: 1}},
		"_etcd-client-ssl-x._tcp.name.test": {
			{Target: "fd00::1", Port: 2},
		},
		"_etcd-client._tcp.empty.test": {},
	}
	for _, tt := range []struct {
		name         string
		args         []string
		want         []string
		warned, fail string
	}{
		{name: "tls first", args: []string{"-d", "both.test"},
			want: []string{"https://s.both.test.:2379", "http://a.both.test.:2379", "http://b.both.test.:2380"}},
		{name: "tls only", args: []string{"-d", "both.test", "--insecure-discovery=false"},
			want: []string{"https://s.both.test.:2379"},
			warned: "ignoring discovered insecure endpoint \"http://a.both.test.:2379\"\n" +
				"ignoring discovered insecure endpoint \"http://b.both.test.:2380\"\n"},
		{name: "plain", args: []string{"--discovery-srv=plain.test"}, want: []string{"http://10.0.0.1:1"}},
		{name: "nothing left", args: []string{"-d", "plain.test", "--insecure-discovery=false", "--endpoints", " e:1"},
			want: []string{"e:1"}, warned: "ignoring discovered insecure endpoint \"http://10.0.0.1:1\"\n"},
		{name: "service name", args: []string{"-d", "name.test", "--discovery-srv-name", "x"}, want: []string{"https://[fd00::1]:2"}},
		{name: "no records", args: []string{"-d", "empty.test", "--endpoints", "e:1"}, want: []string{"e:1"}},
		{name: "unknown", args: []string{"-d", "none.test", "--endpoints", "e:1"},
			fail: "dns lookup errors: lookup _etcd-client-ssl._tcp.none.test: no such host and lookup _etcd-client._tcp.none.test: no such host"},
		{name: "no domain", args: []string{"--discovery-srv-name", "x", "--endpoints", "e:1"}, want: []string{"e:1"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f, _, _, _ := parsed(t, tt.args...)
			var warned bytes.Buffer
			got, err := f.resolveEndpoints(t.Context(), z.lookup, &warned, discoveryFirst)
			if text := errorText(err); text != tt.fail || !slices.Equal(got, tt.want) || warned.String() != tt.warned {
				t.Errorf("%q, %q, %q; want %q, %q, %q", got, text, warned.String(), tt.want, tt.fail, tt.warned)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
