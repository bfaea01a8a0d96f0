package ctl

import (
	"reflect"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"etcdkit/commands/cli"
)

func TestPermissionRange(t *testing.T) {
	t.Parallel()
	const both = "--from-key and --prefix flags are mutually exclusive"
	for _, tt := range []struct {
		prefix, fromKey bool
		args            []string
		want            permRange
		err             string
	}{
		{args: []string{"k"}, want: permRange{key: "k"}},
		{args: []string{"k", "l"}, want: permRange{key: "k", end: "l"}},
		{args: []string{"k", ""}, want: permRange{key: "k"}},
		{args: []string{"k", "l", "m", "n"}, want: permRange{key: "k", end: "l", unused: []string{"m", "n"}}},
		{args: []string{""}, want: permRange{key: "\x00"}},
		{args: []string{"", "l", "m"}, want: permRange{key: "\x00", unused: []string{"l", "m"}}},
		{prefix: true, args: []string{"k"}, want: permRange{key: "k", end: "l"}},
		{prefix: true, args: []string{"a\xff\xff"}, want: permRange{key: "a\xff\xff", end: "b"}},
		{prefix: true, args: []string{"\xff"}, want: permRange{key: "\xff", end: "\x00"}},
		{prefix: true, args: []string{""}, want: permRange{key: "\x00", end: "\x00"}},
		{prefix: true, args: []string{"", "l"}, want: permRange{key: "\x00", end: "\x00", unused: []string{"l"}}},
		{prefix: true, args: []string{"k", "l"}, err: "unexpected endkey argument with --prefix flag"},
		{fromKey: true, args: []string{"k"}, want: permRange{key: "k", end: "\x00"}},
		{fromKey: true, args: []string{""}, want: permRange{key: "\x00", end: "\x00"}},
		{fromKey: true, args: []string{"k", "l"}, err: "unexpected endkey argument with --from-key flag"},
		{prefix: true, fromKey: true, args: []string{"k"}, err: both},
		{prefix: true, fromKey: true, args: []string{""}, err: both},
		{prefix: true, fromKey: true, args: []string{"", "l"}, err: both},
		{prefix: true, fromKey: true, args: []string{"k", "l"}, err: "unexpected endkey argument with --prefix flag"},
	} {
		o := &permOptions{tt.prefix, tt.fromKey}
		for _, call := range []func() (permRange, error){
			func() (permRange, error) { return o.revoke(append([]string{"role"}, tt.args...)) },
			func() (permRange, error) {
				kind, r, err := o.grant(append([]string{"role", "Write"}, tt.args...))
				if kind != clientv3.PermissionType(clientv3.PermWrite) {
					t.Errorf("%q: permission to %v", tt.args, kind)
				}
				return r, err
			},
		} {
			got, err := call()
			if tt.err != "" {
				wantError(t, err, tt.err, cli.BadArgs)
				continue
			}
			if len(got.unused) == 0 {
				got.unused = nil
			}
			if wantError(t, err, "", cli.OK); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%+v: got %+v, want %+v", o, got, tt.want)
			}
		}
	}
}

func TestPermissionArguments(t *testing.T) {
	t.Parallel()
	const grantArgs = "role grant command requires role name, permission type, and key [endkey] as its argument"
	for _, tt := range []struct {
		args []string
		err  string
	}{
		{nil, grantArgs},
		{[]string{"r", "read"}, grantArgs},
		{[]string{"r", "reed", "k"}, "invalid permission type: reed: use read, write or readwrite"},
		{[]string{"r", "", "k"}, "invalid permission type: : use read, write or readwrite"},
	} {
		_, _, err := (&permOptions{}).grant(tt.args)
		wantError(t, err, tt.err, cli.BadArgs)
	}
	for _, args := range [][]string{nil, {"r"}} {
		_, err := (&permOptions{}).revoke(args)
		wantError(t, err, "role revoke-permission command requires role name and key [endkey] as its argument", cli.BadArgs)
	}
}
