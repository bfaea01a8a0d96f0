package conn

import (
	"context"
	"fmt"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/cli"
)

// auth returns the credentials to log in with, nil if there are none. A token
// has precedence over a user. It prompts for a missing password.
func (f *Flags) auth(ctx context.Context, s cli.Streams) (*clientv3.AuthConfig, error) {
	if f.token != "" {
		return &clientv3.AuthConfig{Token: f.token}, nil
	}
	password, err := f.storedPassword(ctx, s)
	if err != nil {
		return nil, err
	}
	who, err := login(ctx, s, f.user, password, "Password: ")
	if err != nil {
		return nil, fmt.Errorf("failed during password entry: %w", err)
	}
	return who, nil
}

// login returns the user that two flags name, or nil for none. It shows the given
// prompt for a missing password.
func login(ctx context.Context, s cli.Streams, user, password, prompt string) (*clientv3.AuthConfig, error) {
	if user == "" {
		return nil, nil
	}
	if password != "" {
		return &clientv3.AuthConfig{Username: user, Password: password}, nil
	}
	if name, password, ok := strings.Cut(user, ":"); ok {
		return &clientv3.AuthConfig{Username: name, Password: password}, nil
	}
	password, err := s.AskPassword(ctx, prompt)
	if err != nil {
		return nil, err
	}
	return &clientv3.AuthConfig{Username: user, Password: password}, nil
}
