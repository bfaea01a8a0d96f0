package conn

import (
	"context"
	"fmt"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/cli"
)

// auth returns who to authenticate as, or nil for nobody. A token wins over a
// user; a user without a password is asked for it.
func (f *Flags) auth(ctx context.Context, s cli.Streams) (*clientv3.AuthConfig, error) {
	if f.token != "" {
		return &clientv3.AuthConfig{Token: f.token}, nil
	}
	if f.user == "" {
		return nil, nil
	}
	if f.password != "" {
		return &clientv3.AuthConfig{Username: f.user, Password: f.password}, nil
	}
	if name, password, ok := strings.Cut(f.user, ":"); ok {
		return &clientv3.AuthConfig{Username: name, Password: password}, nil
	}
	password, err := s.AskPassword(ctx, "Password: ")
	if err != nil {
		return nil, fmt.Errorf("failed during password entry: %w", err)
	}
	return &clientv3.AuthConfig{Username: f.user, Password: password}, nil
}
