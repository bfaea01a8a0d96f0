package script

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"etcdkit/e2e/cluster"
)

// v2Line is the last release line with a v2 interface, and the one whose etcdctl is the reference for it.
const v2Line = "3.5"

// saysV2 reports whether a script's text has the line "v2".
func saysV2(comment []byte) bool { return regexp.MustCompile(`(?m)^v2$`).Match(comment) }

// cmdV2: v2 makes a script use the v2 interface. It is read before the script
// runs.
func cmdV2(ts *testscript.TestScript, _ *state, args []string) {
	if len(args) != 0 {
		ts.Fatalf("usage: v2")
	}
}

// serverArgs are the flags of the servers of a release line, as the script gives them and as its interface needs them.
func (st *state) serverArgs(line string, args []string) []string {
	if st.v2 && line == v2Line {
		return append(slices.Clone(args), "--enable-v2")
	}
	return args
}

// useV2ByDefault is useByDefault for a v2 script.
func (st *state) useV2ByDefault(ts *testscript.TestScript, c *cluster.Cluster) {
	st.setenv(ts, "ETCDCTL_ENDPOINTS", c.URLs())
	dir := c.Certs()
	if dir == "" {
		return
	}
	st.setenv(ts, "ETCDCTL_CA_FILE", filepath.Join(dir, "ca.crt"))
	if c.NeedsClientCert() {
		st.setenv(ts, "ETCDCTL_CERT_FILE", filepath.Join(dir, cluster.CertClient+".crt"))
		st.setenv(ts, "ETCDCTL_KEY_FILE", filepath.Join(dir, cluster.CertClient+".key"))
	}
}

// patient returns a command line with longer time limits: those of v2's etcdctl
// have no variables. Flags in the line itself come later, and take precedence.
func (st *state) patient(prog string, args []string) []string {
	if !st.v2 || prog != "etcdctl" {
		return args
	}
	return append([]string{"--timeout=" + patience, "--total-timeout=" + patience}, args...)
}

// cmdV2Fill: v2fill N sets the key /fill N times on the first member of the
// script's plain cluster, so that earlier events drop out of the server's
// history of a thousand events. v2fill -tree N sets N keys below /tree.
func cmdV2Fill(ts *testscript.TestScript, st *state, args []string) {
	c, args, err := st.clusterArgs(args)
	ts.Check(err)
	fs := flag.NewFlagSet("v2fill", flag.ContinueOnError)
	tree, size := fs.Bool("tree", false, ""), fs.Int("bytes", 0, "")
	if err := fs.Parse(args); err != nil || fs.NArg() != 1 {
		ts.Fatalf("usage: v2fill [-tree [-bytes SIZE]] N")
	}
	n, err := strconv.Atoi(fs.Arg(0))
	ts.Check(err)
	url := c.Members[0].ClientURL + "/v2/keys"
	if *tree {
		ts.Check(st.fillTree(url+"/tree", n, strings.Repeat("x", *size)))
		return
	}
	for i := range n {
		ts.Check(st.putV2(url+"/fill", "value="+strconv.Itoa(i)))
	}
}

// fillTree sets n keys, several at a time: every 50th is hidden, and every tenth of the others ends in 1000 seconds or
// more.
func (st *state) fillTree(top string, n int, tail string) error {
	const atATime = 16
	errs := make([]error, atATime)
	var under sync.WaitGroup
	for worker := range atATime {
		under.Go(func() {
			for i := worker; i < n && errs[worker] == nil; i += atATime {
				url, form := fmt.Sprintf("%s/d%d/%s-%d", top, i%7, "ключ", i), fmt.Sprintf("value=%s-%d%s", "値", i, tail)
				switch {
				case i%50 == 0:
					url = fmt.Sprintf("%s/_hidden/%d", top, i)
				case i%10 == 0:
					form += fmt.Sprintf("&ttl=%d", 1000+i%3000)
				}
				errs[worker] = st.putV2(url, form)
			}
		})
	}
	under.Wait()
	return errors.Join(errs...)
}

func (st *state) putV2(url, form string) error {
	req, err := http.NewRequestWithContext(st.ctx, http.MethodPut, url, strings.NewReader(form))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil { // so that the connection serves again
		return err
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("PUT %s: %s", url, resp.Status)
	}
	return nil
}
