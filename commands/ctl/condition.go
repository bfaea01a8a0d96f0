package ctl

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/cli"
	"etcdkit/printer"
	"etcdkit/printer/view"
)

// condition is a mod revision that a key must have to be changed; 0 means that
// it does not exist.
type condition struct {
	modRev int64
	given  bool
}

// modRevFlag requires a mod revision.
const modRevFlag = "if-mod-rev"

// addTo adds the flag to a command.
func (c *condition) addTo(cmd *cobra.Command, what string) {
	cmd.Flags().Int64Var(&c.modRev, modRevFlag, 0, what+" only if the key has this mod `revision`; 0 means that it does not exist")
}

// read notes whether the flag was given, and checks its value.
func (c *condition) read(cmd *cobra.Command) error {
	if c.given = cmd.Flags().Changed(modRevFlag); c.given && c.modRev < 0 {
		return cli.Exit(cli.BadArgs, fmt.Errorf("--%s %d: a revision is not negative", modRevFlag, c.modRev))
	}
	return nil
}

// ofPut is read for put, where --create-only is another way to say 0.
func (c *condition) ofPut(cmd *cobra.Command) error {
	if err := c.read(cmd); err != nil {
		return err
	}
	create := isSet(cmd, "create-only")
	switch {
	case create && c.given:
		return cli.Exit(cli.BadArgs, fmt.Errorf("`--create-only` and `--%s` cannot be set at the same time, choose one", modRevFlag))
	case (create || c.given) && cmd.Flags().Changed("ttl"):
		return cli.Exit(cli.BadArgs, errors.New("`--ttl` can't depend on the key: grant a lease and use --lease"))
	}
	c.given = c.given || create
	return nil
}

// put writes a key, if the condition was given only as that says.
func (c *condition) put(ctx context.Context, s *session, op clientv3.Op) (printer.View, error) {
	if !c.given {
		resp, err := s.client.Do(ctx, op)
		return view.Put{PutResponse: (*etcdserverpb.PutResponse)(resp.Put())}, err
	}
	h, resp, err := c.do(ctx, s, op)
	return view.Put{PutResponse: &etcdserverpb.PutResponse{Header: h, PrevKv: resp.GetResponsePut().GetPrevKv()}}, err
}

// do makes a request about one key, if the key is as the condition says, in one
// transaction. The error otherwise has the key's mod revision.
func (c *condition) do(ctx context.Context, s *session, op clientv3.Op) (*etcdserverpb.ResponseHeader, *etcdserverpb.ResponseOp, error) {
	key := string(op.KeyBytes())
	is := clientv3.Compare(clientv3.ModRevision(key), "=", c.modRev)
	resp, err := s.client.Txn(ctx).If(is).Then(op).Else(clientv3.OpGet(key, clientv3.WithKeysOnly())).Commit()
	if err != nil {
		return nil, nil, err
	}
	if len(resp.Responses) != 1 {
		return nil, nil, fmt.Errorf("the server answered with %d responses to one request", len(resp.Responses))
	}
	if !resp.Succeeded {
		return nil, nil, c.unmet(key, resp.Responses[0].GetResponseRange())
	}
	return resp.Header, resp.Responses[0], nil
}

// unmet says how the key is, in place of what the condition says.
func (c *condition) unmet(key string, now *etcdserverpb.RangeResponse) error {
	switch {
	case len(now.GetKvs()) == 0:
		return fmt.Errorf("key %q does not exist; it was not changed", key)
	case c.modRev == 0:
		return fmt.Errorf("key %q exists, with mod revision %d; it was not changed", key, now.GetKvs()[0].GetModRevision())
	}
	return fmt.Errorf("key %q has mod revision %d, not %d; it was not changed", key, now.GetKvs()[0].GetModRevision(), c.modRev)
}
