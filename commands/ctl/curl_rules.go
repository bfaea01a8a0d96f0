package ctl

import (
	"strings"

	"github.com/spf13/cobra"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// curlRule says what --curl shows of a command.
type curlRule struct {
	command string
	methods []string                    // of which it makes one request, to one endpoint or to each
	why     string                      // why there is no line for it, where it has no methods
	unless  func(*cobra.Command) string // why there is none with the flags given, or ""
}

// refusal returns why there is no line for a command, or "".
func (r *curlRule) refusal(cmd *cobra.Command) string {
	if r.why != "" || r.unless == nil {
		return r.why
	}
	return r.unless(cmd)
}

// ruleOf returns the rule for a command, if there is one.
func ruleOf(cmd *cobra.Command) (curlRule, bool) {
	_, name, _ := strings.Cut(cmd.CommandPath(), " ")
	for _, r := range curlRules() {
		if r.command == name {
			return r, true
		}
	}
	return curlRule{}, false
}

const (
	severalRequests = "it makes several requests, each by the answers to those before"
	manyRequests    = "it makes many requests"
)

// curlRules returns a rule for each command that talks to a cluster.
func curlRules() []curlRule {
	one := func(command string, methods ...string) curlRule { return curlRule{command: command, methods: methods} }
	none := func(command, why string) curlRule { return curlRule{command: command, why: why} }
	unless := func(r curlRule, why func(*cobra.Command) string) curlRule { r.unless = why; return r }
	return []curlRule{
		unless(one("get", pb.KV_Range_FullMethodName), withFlag("stream", "the gateway has no range stream")),
		unless(one("put", pb.KV_Put_FullMethodName), withFlag("batch", manyRequests)),
		one("del", pb.KV_DeleteRange_FullMethodName, pb.KV_Range_FullMethodName), // a range with --dry-run
		one("txn", pb.KV_Txn_FullMethodName),
		one("compaction", pb.KV_Compact_FullMethodName),
		unless(one("watch", pb.Watch_Watch_FullMethodName), manyWatches),

		one("count", pb.KV_Range_FullMethodName),
		none("import", manyRequests),
		none("export", severalRequests),
		none("ls", severalRequests),
		none("tree", severalRequests),
		none("du", severalRequests),
		none("top", severalRequests),

		one("lease grant", pb.Lease_LeaseGrant_FullMethodName),
		one("lease revoke", pb.Lease_LeaseRevoke_FullMethodName),
		one("lease timetolive", pb.Lease_LeaseTimeToLive_FullMethodName),
		one("lease list", pb.Lease_LeaseLeases_FullMethodName),
		unless(one("lease keep-alive", pb.Lease_LeaseKeepAlive_FullMethodName), withoutFlag("once", "it makes a request again and again; --once makes one")),

		one("endpoint status", pb.Maintenance_Status_FullMethodName),
		one("endpoint hashkv", pb.Maintenance_HashKV_FullMethodName),
		none("endpoint health", "it makes several requests; curl can ask an endpoint for /health"),
		one("member list", pb.Cluster_MemberList_FullMethodName),
		one("member add", pb.Cluster_MemberAdd_FullMethodName),
		one("member remove", pb.Cluster_MemberRemove_FullMethodName),
		one("member update", pb.Cluster_MemberUpdate_FullMethodName),
		one("member promote", pb.Cluster_MemberPromote_FullMethodName),
		none("snapshot save", "the gateway sends a snapshot in pieces, as JSON"),
		one("alarm list", pb.Maintenance_Alarm_FullMethodName),
		none("alarm disarm", severalRequests),
		unless(one("defrag", pb.Maintenance_Defragment_FullMethodName), withFlag("data-dir", "no server is asked with --data-dir")),
		one("move-leader", pb.Maintenance_MoveLeader_FullMethodName),
		one("downgrade validate", pb.Maintenance_Downgrade_FullMethodName),
		one("downgrade enable", pb.Maintenance_Downgrade_FullMethodName),
		one("downgrade cancel", pb.Maintenance_Downgrade_FullMethodName),

		none("lock", severalRequests),
		none("elect", severalRequests),
		none("make-mirror", severalRequests),
		none("check perf", severalRequests),
		none("check datascale", severalRequests),

		one("auth enable", pb.Auth_AuthEnable_FullMethodName),
		one("auth disable", pb.Auth_AuthDisable_FullMethodName),
		one("auth status", pb.Auth_AuthStatus_FullMethodName),
		one("user add", pb.Auth_UserAdd_FullMethodName),
		one("user delete", pb.Auth_UserDelete_FullMethodName),
		unless(one("user get", pb.Auth_UserGet_FullMethodName), withFlag("detail", severalRequests)),
		one("user list", pb.Auth_UserList_FullMethodName),
		one("user passwd", pb.Auth_UserChangePassword_FullMethodName),
		one("user grant-role", pb.Auth_UserGrantRole_FullMethodName),
		one("user revoke-role", pb.Auth_UserRevokeRole_FullMethodName),
		one("role add", pb.Auth_RoleAdd_FullMethodName),
		one("role delete", pb.Auth_RoleDelete_FullMethodName),
		one("role get", pb.Auth_RoleGet_FullMethodName),
		one("role list", pb.Auth_RoleList_FullMethodName),
		one("role grant-permission", pb.Auth_RoleGrantPermission_FullMethodName),
		one("role revoke-permission", pb.Auth_RoleRevokePermission_FullMethodName),
	}
}

// withFlag gives a reason where a flag is given that is not there by default.
func withFlag(name, why string) func(*cobra.Command) string {
	return func(cmd *cobra.Command) string {
		if f := cmd.Flags().Lookup(name); f.Value.String() != f.DefValue {
			return why
		}
		return ""
	}
}

// withoutFlag gives a reason where a flag is not given.
func withoutFlag(name, why string) func(*cobra.Command) string {
	return func(cmd *cobra.Command) string {
		if withFlag(name, why)(cmd) == "" {
			return why
		}
		return ""
	}
}

// manyWatches gives the reason why a line of curl does not do what a watch is to.
func manyWatches(cmd *cobra.Command) string {
	if cmd.ArgsLenAtDash() >= 0 {
		return "it runs a command for each event"
	}
	return withFlag("interactive", "what -i reads are several watches")(cmd)
}
