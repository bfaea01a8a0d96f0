package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// answerBound is how long a server gets for one answer while it is asked again and again.
const answerBound = 2 * time.Second

// probe asks one server over HTTP.
type probe struct {
	client  *http.Client
	url     string
	cluster *Cluster
	member  *Member
}

func newProbe(c *Cluster, m *Member) (*probe, error) {
	tr := new(http.Transport)
	if c.opts.TLS {
		cfg, err := probeTLS(c.opts.certs())
		if err != nil {
			return nil, err
		}
		tr.TLSClientConfig = cfg
	}
	return &probe{
		client:  &http.Client{Transport: tr},
		url:     m.ClientURL,
		cluster: c,
		member:  m,
	}, nil
}

// close ends the connection to the server.
func (p *probe) close() { p.client.CloseIdleConnections() }

func (p *probe) healthy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerBound)
	defer cancel()
	var health struct{ Health, Reason string }
	if err := p.get(ctx, "/health", &health); err != nil {
		return err
	}
	if health.Health != "true" {
		return fmt.Errorf("/health says %+v", health)
	}
	var version struct{ Etcdserver, Etcdcluster, Storage string }
	if err := p.get(ctx, "/version", &version); err != nil {
		return err
	}
	if cut := strings.Split(version.Etcdserver, "."); !strings.HasPrefix(version.Etcdcluster, cut[0]+"."+cut[1]+".") {
		return fmt.Errorf("/version says %+v", version)
	}
	if p.cluster.opts.Settled && version.Storage != "" && version.Storage != version.Etcdcluster {
		return fmt.Errorf("/version says %+v", version)
	}
	return p.identify(ctx)
}

var errRefused = errors.New("the server refuses")

// identify compares the member's id with the one it must have, or learns it.
func (p *probe) identify(ctx context.Context) error {
	var list struct {
		Header struct {
			ClusterID uint64 `json:"cluster_id,string"`
			MemberID  uint64 `json:"member_id,string"`
		}
	}
	// A server with authentication may refuse the call; one that refuses is not
	// a fresh server of another run.
	if err := p.post(ctx, "/v3/cluster/member/list", nil, &list); err != nil && !errors.Is(err, errRefused) {
		return err
	}
	if got := list.Header.MemberID; got != 0 {
		if p.member.ID != 0 && got != p.member.ID {
			return fmt.Errorf("%s is member %x, want %x", p.url, got, p.member.ID)
		}
		p.member.ID, p.cluster.ID = got, list.Header.ClusterID
	}
	return nil
}

// get reads the server's description of itself.
func (p *probe) get(ctx context.Context, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+path, nil)
	if err != nil {
		return err
	}
	return p.do(req, into)
}

// post makes a request of the v3 API through the server's JSON gateway.
func (p *probe) post(ctx context.Context, path string, fields map[string]any, into any) error {
	if fields == nil {
		fields = map[string]any{}
	}
	body, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	return p.do(req, into)
}

func (p *probe) do(req *http.Request, into any) error {
	resp, err := p.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode == http.StatusBadRequest { // for a client certificate with a name, if authentication is enabled
		return fmt.Errorf("%s: %w: %s", req.URL.Path, errRefused, data)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w in %q", req.URL.Path, err, data)
	}
	return nil
}

// Metric returns the value of a plain counter or gauge from the member's /metrics.
func (c *Cluster) Metric(ctx context.Context, m *Member, name string) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, answerBound)
	defer cancel()
	p, err := newProbe(c, m)
	if err != nil {
		return 0, err
	}
	defer p.close()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 8<<20))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(data)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strconv.ParseFloat(strings.TrimSpace(value), 64)
		}
	}
	return 0, fmt.Errorf("no metric %s", name)
}
