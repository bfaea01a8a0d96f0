package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// setUp makes a cluster of healthy members the one that the options speak of. It asks the servers' JSON gateways: an
// etcdctl for each request would take more of the processors than the servers' own start.
func (c *Cluster) setUp(ctx context.Context) error {
	probes := make([]*probe, 0, len(c.Members))
	for _, m := range c.Members {
		p, err := newProbe(c, m)
		if err != nil {
			return err
		}
		defer p.close()
		probes = append(probes, p)
	}
	if len(probes) > 1 {
		if err := leadFirst(ctx, probes); err != nil {
			return err
		}
	}
	if c.opts.Auth && c.opts.DataDir == "" {
		return enableAuth(ctx, probes[0])
	}
	return nil
}

// leadFirst moves the leadership to the first member, so that which one leads is the same in every fresh cluster.
func leadFirst(ctx context.Context, members []*probe) error {
	first := members[0].member.ID
	for {
		leader, err := leaderOf(ctx, members)
		if err == nil && leader == first {
			return nil
		}
		for _, p := range members {
			if err == nil && p.member.ID == leader {
				err = p.moveLead(ctx, first)
			}
		}
		if pause(ctx) != nil {
			return fmt.Errorf("the first member does not lead in time: leader %x, %w", leader, err)
		}
	}
}

// leaderOf asks every member and returns the id all agree on.
func leaderOf(ctx context.Context, members []*probe) (uint64, error) {
	var agreed uint64
	for i, p := range members {
		id, err := p.leader(ctx)
		if err != nil {
			return 0, err
		}
		if id == 0 || i > 0 && id != agreed {
			return 0, errors.New("no leader that all agree on")
		}
		agreed = id
	}
	return agreed, nil
}

// leader is the id of the member that this one follows, 0 for none.
func (p *probe) leader(ctx context.Context) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, answerBound)
	defer cancel()
	var status struct {
		Leader uint64 `json:"leader,string"`
	}
	err := p.post(ctx, "/v3/maintenance/status", nil, &status)
	return status.Leader, err
}

// moveLead asks the leader to hand over the lead.
func (p *probe) moveLead(ctx context.Context, to uint64) error {
	ctx, cancel := context.WithTimeout(ctx, answerBound)
	defer cancel()
	return p.carryOut(ctx, "/v3/maintenance/transfer-leadership", map[string]any{"targetID": strconv.FormatUint(to, 10)})
}

func enableAuth(ctx context.Context, p *probe) error {
	for _, r := range []struct {
		path   string
		fields map[string]any
	}{
		{"/v3/auth/user/add", map[string]any{"name": RootUser, "password": RootPassword}},
		{"/v3/auth/role/add", map[string]any{"name": "root"}},
		{"/v3/auth/user/grant", map[string]any{"user": RootUser, "role": "root"}},
		{"/v3/auth/enable", nil},
	} {
		if err := p.carryOut(ctx, r.path, r.fields); err != nil {
			return err
		}
	}
	return nil
}

// carryOut makes a request whose answer says nothing but that it was carried out.
func (p *probe) carryOut(ctx context.Context, path string, fields map[string]any) error {
	var answer struct{ Error, Message string }
	if err := p.post(ctx, path, fields, &answer); err != nil {
		return err
	}
	if answer.Error != "" || answer.Message != "" {
		return fmt.Errorf("%s %s: %s%s", http.MethodPost, path, answer.Error, answer.Message)
	}
	return nil
}
