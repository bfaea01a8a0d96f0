package ctl

import (
	"github.com/spf13/cobra"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdkit/commands/read"
)

func newLeaseList(a *app) *cobra.Command {
	return curlShows(a, reading(read.NewLeaseList)(a), pb.Lease_LeaseLeases_FullMethodName)
}

func newLeaseTimeToLive(a *app) *cobra.Command {
	return curlShows(a, reading(read.NewLeaseTimeToLive)(a), pb.Lease_LeaseTimeToLive_FullMethodName)
}

func newUserList(a *app) *cobra.Command {
	return curlShows(a, reading(read.NewUserList)(a), pb.Auth_UserList_FullMethodName)
}

func newUserGet(a *app) *cobra.Command {
	several := withFlag("detail", "it makes several requests, each by the answers to those before")
	return curlShowsUnless(a, reading(read.NewUserGet)(a), several, pb.Auth_UserGet_FullMethodName)
}

func newRoleList(a *app) *cobra.Command {
	return curlShows(a, reading(read.NewRoleList)(a), pb.Auth_RoleList_FullMethodName)
}

func newRoleGet(a *app) *cobra.Command {
	return curlShows(a, reading(read.NewRoleGet)(a), pb.Auth_RoleGet_FullMethodName)
}

func newMemberList(a *app) *cobra.Command {
	return curlShows(a, reading(read.NewMemberList)(a), pb.Cluster_MemberList_FullMethodName)
}

func newAlarmList(a *app) *cobra.Command {
	return curlShows(a, reading(read.NewAlarmList)(a), pb.Maintenance_Alarm_FullMethodName)
}

func newAuthStatus(a *app) *cobra.Command {
	return curlShows(a, reading(read.NewAuthStatus)(a), pb.Auth_AuthStatus_FullMethodName)
}
