package ctl

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/cluster"
	"etcdkit/cluster/doctor"
	"etcdkit/commands/cli"
	"etcdkit/commands/conn"
	"etcdkit/printer"
	"etcdkit/printer/view"
	"etcdkit/report/bundle"
)

const (
	// hashedBytes is the largest database that is hashed for a bundle, in bytes in
	// use, as for doctor.
	hashedBytes = 512 << 20
	// metricsBytes bounds the size of a server's metrics.
	metricsBytes = 16 << 20
)

// packer adds what was found to a bundle.
type packer struct {
	*overview
	app *app
	d   *conn.Dialer
	to  *bundle.Bundle
	ctx context.Context //nolint:containedctx // of one run
}

// pack adds everything, in one order.
func (o *overview) pack(ctx context.Context, a *app, d *conn.Dialer, b *bundle.Bundle) error {
	p := &packer{o, a, d, b, ctx}
	steps := []func() error{p.diagnosis, p.members, p.statuses, p.health, p.hashes, p.alarms, p.versions, p.keys, p.leaseFacts, p.metrics}
	if len(o.picture.Members) == 0 {
		steps = steps[:1] // the others would be empty
	}
	for _, add := range steps {
		if err := add(); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

// view adds an entry with what a command prints with -w json.
func (p *packer) view(name, command string, v printer.View) error {
	var text bytes.Buffer
	out, err := printer.New(&text, "json", printer.Options{UTF8: true})
	if err == nil {
		err = out.Print(v)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return p.to.Text(name, "what etcdctl "+command+" -w json prints", text.String())
}

func (p *packer) diagnosis() error {
	return p.view("doctor.json", "doctor", diagnosis(p.doctor, p.picture, nil))
}

func (p *packer) members() error {
	list := &pb.MemberListResponse{Header: &pb.ResponseHeader{ClusterId: p.picture.ClusterID}}
	for i := range p.picture.Members {
		m := &p.picture.Members[i]
		list.Members = append(list.Members, &pb.Member{ID: m.ID, Name: m.Name, PeerURLs: m.PeerURLs, ClientURLs: m.ClientURLs, IsLearner: m.Learner})
	}
	return p.view("members.json", "member list", view.MemberList{Members: view.Members{Membership: list}})
}

func (p *packer) statuses() error {
	v := view.EndpointStatus{}
	p.each(func(m *doctor.Member) {
		if s := m.Status(); s != nil {
			v = append(v, view.Status{Endpoint: m.Seen.Endpoint, StatusResponse: s})
		}
	})
	return p.view("endpoint-status.json", "endpoint status --cluster", v)
}

func (p *packer) health() error {
	var targets []cluster.Target
	for i := range p.picture.Members {
		if urls := p.picture.Members[i].ClientURLs; len(urls) > 0 {
			targets = append(targets, urls)
		}
	}
	answers := cluster.Ask(p.ctx, askThrough(p.d, p.app.within(deepTime)), targets, checkHealth(p.app.streams.Time))
	return p.view("endpoint-health.json", "endpoint health --cluster", healthView(answers))
}

// hashes adds the hashes that doctor compares, or that of a single member.
func (p *packer) hashes() error {
	v := view.EndpointHashKV{}
	p.each(func(m *doctor.Member) {
		switch s := m.Status(); {
		case m.Hash != nil:
			v = append(v, view.HashKV{Endpoint: m.Seen.Endpoint, HashKVResponse: m.Hash})
		case s != nil && len(p.picture.Members) == 1 && s.GetDbSizeInUse() <= hashedBytes:
			got := cluster.AskOne(p.ctx, askThrough(p.d, p.app.within(deepTime)), cluster.Target{m.Seen.Endpoint}, cluster.HashKV(0))
			if got.Err != nil {
				p.to.Miss("the hash of "+m.Label(), got.Err.Error())
				return
			}
			v = append(v, view.HashKV{Endpoint: m.Seen.Endpoint, HashKVResponse: got.Value})
		}
	})
	return p.view("endpoint-hashkv.json", "endpoint hashkv --cluster", v)
}

func (p *packer) alarms() error {
	return p.view("alarms.json", "alarm list", view.Alarms{AlarmResponse: &pb.AlarmResponse{Header: &pb.ResponseHeader{ClusterId: p.picture.ClusterID}, Alarms: p.picture.Alarms}})
}

// versions adds the releases of the members, and ours.
func (p *packer) versions() error {
	type release struct {
		Name    string `json:"name"`
		ID      string `json:"id"`
		Server  string `json:"server,omitempty"`
		Cluster string `json:"cluster,omitempty"`
		Storage string `json:"storage,omitempty"`
	}
	all := struct {
		Program string    `json:"etcdctl"`
		Members []release `json:"members"`
	}{Program: cli.Build(), Members: []release{}}
	for i := range p.picture.Members {
		m := &p.picture.Members[i]
		one := release{Name: m.Label(), ID: m.Hex(), Storage: m.Status().GetStorageVersion(), Cluster: m.Metrics().Label("etcd_cluster_version", "cluster_version")}
		if v := m.Version(); v != nil {
			one.Server = v.String()
		}
		all.Members = append(all.Members, one)
	}
	return p.to.JSON("versions.json", "the releases of the members and of etcdctl", all)
}

func (p *packer) keys() error {
	if p.inventory == nil {
		return nil
	}
	return p.to.Keys(p.inventory)
}

func (p *packer) leaseFacts() error {
	if p.leases == nil {
		return nil
	}
	type lease struct {
		ID      string `json:"id"`
		Keys    int64  `json:"keys"`
		Granted int64  `json:"granted_seconds"` // -1 if the lease has ended since
		Left    int64  `json:"left_seconds"`
	}
	all := struct {
		Leases  int64   `json:"leases"`
		Keys    int64   `json:"keys"`
		Largest []lease `json:"largest"`
	}{p.leases.Count, p.leases.Keys, []lease{}}
	for _, l := range p.leases.Some {
		all.Largest = append(all.Largest, lease{l.ID, l.Keys, max(int64(l.Granted.Seconds()), -1), max(int64(l.Left.Seconds()), -1)})
	}
	return p.to.JSON("leases.json", "how many leases there are, and those with the most keys", all)
}

// metrics adds the metrics of each member that shows them.
func (p *packer) metrics() error {
	type answer struct {
		text string
		err  error
	}
	all := make([]answer, len(p.picture.Members))
	var wg sync.WaitGroup
	for i := range p.picture.Members {
		m := &p.picture.Members[i]
		if m.Metrics() == nil {
			continue // doctor says why
		}
		wg.Go(func() { all[i].text, all[i].err = p.scrape(m.Seen.Endpoint) })
	}
	wg.Wait()
	for i, got := range all {
		m := &p.picture.Members[i]
		if got.err != nil {
			p.to.Miss("the metrics of "+m.Label(), got.err.Error())
		}
		if got.text == "" {
			continue
		}
		name := cmp.Or(fileName(m.Name), "member") + "-" + m.Hex() + ".txt"
		if err := p.to.Text("metrics/"+name, "the metrics of "+m.Label(), got.text); err != nil {
			return err
		}
	}
	return nil
}

// scrape reads the metrics at an endpoint.
func (p *packer) scrape(endpoint string) (string, error) {
	client, base := p.d.HTTP(endpoint)
	ctx, cancel := context.WithTimeout(p.ctx, p.app.within(visitTime))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/metrics", nil)
	if err != nil {
		return "", err
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s", resp.Status)
	}
	var text strings.Builder
	_, err = io.Copy(&text, io.LimitReader(resp.Body, metricsBytes))
	return text.String(), err
}

// each calls f for every member that answered.
func (p *packer) each(f func(*doctor.Member)) {
	for i := range p.picture.Members {
		if m := &p.picture.Members[i]; m.Up() {
			f(m)
		}
	}
}
