package script

import (
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"etcdkit/e2e/cluster"
)

// secureSuffix ends the names of runs on secure clusters.
const secureSuffix = "-secure"

// secureOptions makes a cluster of a differential script a secure one: TLS with client certificates, authentication on,
// three members unless the script says how many. One that speaks of TLS or authentication itself stays as it says. All
// clusters of a script share their certificates, so that the variables of the first serve for the others.
func secureOptions(opts *cluster.Options, certs string) {
	if opts.TLS || opts.ClientCertAuth || opts.Auth || opts.ServerCert != "" {
		return
	}
	opts.ClientCertAuth, opts.Auth, opts.CertDir = true, true, certs
	if opts.Members == 0 && opts.DataDir == "" {
		opts.Members = 3
	}
}

// canBeSecure reports whether a differential script has a cluster that
// secureOptions changes, and no line "plainonly".
func canBeSecure(comment []byte) bool {
	if saysV2(comment) || regexp.MustCompile(`(?m)^plainonly\s`).Match(comment) {
		return false
	}
	own := regexp.MustCompile(`\s-(?:tls|client-cert-auth|cert|auth|datadir)\b`)
	for _, line := range regexp.MustCompile(`(?m)^(?:\[[^\]]*\]\s*)*cluster\b(.*)$`).FindAllSubmatch(comment, -1) {
		options, _, _ := strings.Cut(string(line[1]), " -- ")
		if !own.MatchString(options) {
			return true
		}
	}
	return false
}

// cmdPlainOnly: plainonly REASON keeps a differential script from running on
// secure clusters as well. It is read before the script runs.
func cmdPlainOnly(ts *testscript.TestScript, st *state, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: plainonly REASON")
	}
	if !st.side.diff {
		ts.Fatalf("only a differential script runs on secure clusters")
	}
}

// secureRules mask values that are random when three members elect a leader and
// logins go through raft: its term, since the first member becomes leader after
// an election or two, and its index.
func secureRules() []rule {
	kept := slices.DeleteFunc(rules(), func(r rule) bool { return r.name != "raftterm" && r.name != "raftindex" })
	return append(kept, rule{"leaseterm", "raft terms of leases in protobuf, whose headers are laid out flat", regexps(
		`(?m)(^1: \$CLUSTER_DEC\n2: \$ID[0-9]+_DEC\n(?:3: [0-9]+\n)?4: )[0-9]+`), "$$TERM"})
}
