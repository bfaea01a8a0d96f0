package ctl

import (
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"etcdkit/commands/cli"
)

func TestTargetVersion(t *testing.T) {
	t.Parallel()
	tests := []struct {
		args []string
		want string
		err  string
	}{
		{[]string{"3.6"}, "3.6", ""},
		{[]string{"what the server refuses"}, "what the server refuses", ""},
		{nil, "", "TARGET_VERSION not provided"},
		{[]string{""}, "", "target version not provided"},
		{[]string{"", ""}, "", "too many arguments"},
	}
	for _, tt := range tests {
		got, err := targetVersion(tt.args)
		code := cli.OK
		if tt.err != "" {
			code = cli.BadArgs
		}
		if wantError(t, err, tt.err, code); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.args, got, tt.want)
		}
	}
}

func TestDowngrade(t *testing.T) {
	t.Parallel()
	f := (&fakeMember{downgrade: func(r *pb.DowngradeRequest) (*pb.DowngradeResponse, error) {
		if r.GetVersion() == "x" {
			return nil, rpctypes.ErrGRPCWrongDowngradeVersionFormat
		}
		return &pb.DowngradeResponse{Version: r.GetAction().String() + " " + r.GetVersion()}, nil
	}}).start(t)
	tests := []struct {
		args           []string
		code           cli.Code
		stdout, stderr string
	}{
		{[]string{"validate", "3.6"}, cli.OK, "Downgrade validate success, cluster version VALIDATE 3.6\n", ""},
		{[]string{"enable", "3.6"}, cli.OK, "Downgrade enable success, cluster version ENABLE 3.6\n", ""},
		{[]string{"cancel", "whatever"}, cli.OK, "Downgrade cancel success, cluster version CANCEL \n", ""},
		{[]string{"enable", "x"}, cli.Failure, "", "Error: etcdserver: wrong downgrade target version format\n"},
	}
	for _, tt := range tests {
		args := append([]string{"downgrade", "--endpoints", f.endpoint}, tt.args...)
		etcdctl(t, args...).want(t, tt.code, tt.stdout, tt.stderr)
	}
}

// What is wrong with a command line is found before anything is sent.
func TestDowngradeChecksFirst(t *testing.T) {
	t.Parallel()
	f := (&fakeMember{}).start(t)
	tests := []struct {
		args   []string
		code   cli.Code
		stderr string
	}{
		{[]string{"validate", "-w", "yam"}, cli.BadArgs, "Error: TARGET_VERSION not provided\n"},
		{[]string{"enable", "3.6", "3.5"}, cli.BadArgs, "Error: too many arguments\n"},
		{[]string{"enable", "3.6", "-w", "yam"}, cli.BadFeature, badFormat},
		{[]string{"cancel", "-w", "yam"}, cli.BadFeature, badFormat},
	}
	for _, tt := range tests {
		etcdctl(t, append([]string{"downgrade", "--endpoints", f.endpoint}, tt.args...)...).want(t, tt.code, "", tt.stderr)
	}
	if n := f.asked.Load(); n > 0 {
		t.Errorf("the server was asked %d times", n)
	}
}

const badFormat = "Error: unsupported output format: \"yam\": use one of csv, fields, json, jsonl, protobuf, simple, table, template, yaml\n"
