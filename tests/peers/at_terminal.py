"""Run a command at a terminal of its own.

What comes on standard input is typed, what the terminal shows goes to standard output. The first line on
standard error is `pid N`, the command's process. The exit code is the command's, or 128 + its signal.
"""
import fcntl
import os
import pty
import select
import struct
import sys
import termios


def copy_between(terminal):
    sources = [0, terminal]
    while True:
        ready, _, _ = select.select(sources, [], [])
        if 0 in ready:
            typed = os.read(0, 4096)
            if typed:
                os.write(terminal, typed)
            else:
                sources.remove(0)
        if terminal in ready:
            try:
                shown = os.read(terminal, 4096)
            except OSError:  # EIO: the command and all it started have gone.
                return
            if not shown:
                return
            os.write(1, shown)


def main():
    pid, terminal = pty.fork()
    if pid == 0:
        # The command's process: its standard streams are the terminal.
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))
        os.execvp(sys.argv[1], sys.argv[1:])
    print('pid %d' % pid, file=sys.stderr, flush=True)
    copy_between(terminal)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    sys.exit(code if code >= 0 else 128 - code)


main()
