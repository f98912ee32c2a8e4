"""A chat server as a pupil writes it: one process answers, one is the operator's console.

It dies of bare verbs, of bytes that are not UTF-8, of a quit under an unknown name and of a chat
request without text. It prints a line `< REQUEST` for each datagram, without the tail of a login that it ignores.
"""
import argparse
import os
import socket
import sys


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument('port', type=int)
    parser.add_argument('success')
    parser.add_argument('end')
    parser.add_argument('--line', default='{n} : {t}', help='\\n is a line feed')
    parser.add_argument('--verbs', default='L,C,Q')
    parser.add_argument('--silent-quit', action='store_true', help='answer nothing to a quit')
    parser.add_argument('--echo', action='store_true', help='return lines to their speaker')
    parser.add_argument('--kick', help='answer this text with the end word')
    return parser.parse_args()


def do_login(sock, users, name, addr, opts):
    if name in users or '管理员' in name:
        sock.sendto('该用户存在'.encode(), addr)
        return
    sock.sendto(opts.success.encode(), addr)
    for user in users:
        sock.sendto(('欢迎%s进入聊天室' % name).encode(), users[user])
    users[name] = addr


def do_chat(sock, users, name, text, opts):
    if text == opts.kick:
        sock.sendto(opts.end.encode(), users[name])
        return
    line = opts.line.replace('\\n', '\n').format(n=name, t=text)
    for user in users:
        if user != name or opts.echo:
            sock.sendto(line.encode(), users[user])


def do_quit(sock, users, name, opts):
    for user in users:
        if user != name:
            sock.sendto(('%s 退出了聊天室' % name).encode(), users[user])
        elif not opts.silent_quit:
            sock.sendto(opts.end.encode(), users[user])
    del users[name]


def answer_requests(sock, opts):
    login, chat, leave = opts.verbs.split(',')
    users = {}
    while True:
        data, addr = sock.recvfrom(1024)
        message = data.decode()
        print('< ' + message.split(' ~1 ')[0], flush=True)
        verb = message.split(' ')[0]
        if verb == login:
            do_login(sock, users, message.split(' ')[1], addr, opts)
        elif verb == chat:
            _, name, text = message.split(' ', 2)
            do_chat(sock, users, name, text, opts)
        elif verb == leave:
            do_quit(sock, users, message.split(' ')[1], opts)


def operator_console(sock, server, opts):
    for text in sys.stdin:
        message = '%s 管理员消息 %s' % (opts.verbs.split(',')[1], text.rstrip('\n'))
        sock.sendto(message.encode(), server)


def main():
    opts = options()
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(('127.0.0.1', opts.port))
    print('port %d' % sock.getsockname()[1], flush=True)
    if os.fork() == 0:
        operator_console(sock, sock.getsockname(), opts)
    else:
        answer_requests(sock, opts)


main()
