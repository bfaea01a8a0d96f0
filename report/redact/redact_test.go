package redact

import "testing"

func TestText(t *testing.T) {
	t.Parallel()
	const key = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQ\n-----END EC PRIVATE KEY-----"
	r := New("hunter2", "pw", "")
	for text, want := range map[string]string{
		"login with hunter2 failed":                              "login with *** failed",
		"pw is too short to be looked for":                       "pw is too short to be looked for",
		"https://root:s3cret@10.0.0.7:2379/x":                    "https://10.0.0.7:2379/x",
		"https://root@host":                                      "https://host",
		"root:s3cret@10.0.0.7:2379: connection refused":          "10.0.0.7:2379: connection refused",
		"--endpoints a:1,root:s3cret@b:2":                        "--endpoints a:1,b:2",
		"etcdctl --user root:s3cret get k":                       "etcdctl --user root:*** get k",
		"etcdctl --user=root get k":                              "etcdctl --user=root get k",
		"ETCDCTL_USER=root:s3cret":                               "ETCDCTL_USER=root:***",
		"ETCDCTL_PASSWORD=s3cret x":                              "ETCDCTL_PASSWORD=*** x",
		"--password s3cret --dest-password=s3cret":               "--password *** --dest-password=***",
		`["etcdctl","--password","s3cret"]`:                      `["etcdctl","--password","***"]`,
		`{"password":"s3cret","name":"root"}`:                    `{"password":"***","name":"root"}`,
		`{"request":"{\"password\":\"s3cret\"}"}`:                `{"request":"{\"password\":\"***\"}"}`,
		`authenticate:<name:"root" password:"s3cret" >`:          `authenticate:<name:"root" password:"***" >`,
		"Authorization: Bearer abcdef.123456":                    "Authorization: *** ***",
		"token eyJhbGciOiJS.eyJ1c2VyIjoi.c2ln done":              "token *** done",
		"before\n" + key + "\nafter":                             "before\n***\nafter",
		`{"key":"-----BEGIN PRIVATE KEY-----\nMHc\n-----END`:     `{"key":"***`,
		"m1 at http://10.0.0.7:2379, 3 of 3 up":                  "m1 at http://10.0.0.7:2379, 3 of 3 up",
		"unix://path/to/socket@2":                                "unix://path/to/socket@2",
		"12:30:00 compact at 10:20; mail to admin@example.com":   "12:30:00 compact at 10:20; mail to admin@example.com",
		"root without password; type etcdctl user passwd root":   "root without password; type etcdctl user passwd root",
		"[::1]:2379: the server speaks plain HTTP/2 (http://)":   "[::1]:2379: the server speaks plain HTTP/2 (http://)",
		"etcdserver: invalid auth token":                         "etcdserver: invalid auth token",
		`etcd_server_id{server_id="8e9e05c52164694d"} 1`:         `etcd_server_id{server_id="8e9e05c52164694d"} 1`,
		`"--user", "root:s3cret"`:                                `"--user", "root:***"`,
		"https://user:p%40ss@[::1]:2379,https://other:1/healthz": "https://[::1]:2379,https://other:1/healthz",
	} {
		if got := r.Text(text); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
}
