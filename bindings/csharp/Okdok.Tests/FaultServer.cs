using System;
using System.Globalization;
using System.IO;
using System.Net.Sockets;

namespace Okdok.Tests
{
    // A port of the fault server, and the commands that do not concern a port.
    internal sealed class FaultServer : IDisposable
    {
        private readonly string scheme;
        private readonly string port;

        private FaultServer(string command, string scheme)
        {
            this.scheme = scheme;
            port = Ask(command).Split(' ')[1];
        }

        internal string Url => scheme + "://127.0.0.1:" + port;

        internal int Requests => int.Parse(Ask("seen " + port).Split(' ')[3], CultureInfo.InvariantCulture);

        internal int Connections => int.Parse(Ask("seen " + port).Split(' ')[1], CultureInfo.InvariantCulture);

        public void Dispose() => Ask("stop " + port);

        internal static FaultServer Serve(params string[] steps) => new FaultServer("serve " + string.Join(" ", steps), "http");

        internal static FaultServer Tls(string certificate, params string[] steps) =>
            new FaultServer("tls " + certificate + " " + string.Join(" ", steps), "https");

        internal static FaultServer Proxy(string step) => new FaultServer("proxy " + step, "http");

        internal static FaultServer Closed() => new FaultServer("closed", "http");

        internal static string CaFile(string certificate) => Ask("ca " + certificate).Substring("path ".Length);

        internal void Wait(int requests) => Ask("wait " + port + " " + requests);

        internal void Release() => Ask("release " + port);

        internal bool Deleted(string id) => Ask("deleted " + port + " " + Uri.EscapeDataString(id)) == "yes";

        internal string Request(int index)
        {
            string hex = Ask("request " + port + " " + index).Substring("hex ".Length);
            char[] text = new char[hex.Length / 2];
            for (int i = 0; i < text.Length; i++)
            {
                text[i] = (char)byte.Parse(hex.Substring(2 * i, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            }

            return new string(text);
        }

        // On a separate connection, so that a command that waits delays no other.
        private static string Ask(string command)
        {
            string[] address = Required("OKDOK_FAULTS").Split(':');
            using (TcpClient control = new TcpClient(address[0], int.Parse(address[1], CultureInfo.InvariantCulture)))
            using (StreamReader reader = new StreamReader(control.GetStream()))
            using (StreamWriter writer = new StreamWriter(control.GetStream()) { NewLine = "\n", AutoFlush = true })
            {
                control.ReceiveTimeout = 60_000;
                writer.WriteLine(command);
                string answer = reader.ReadLine() ?? "";
                return answer.Length > 0 && !answer.StartsWith("error", StringComparison.Ordinal)
                    ? answer
                    : throw new InvalidOperationException(command + ": " + answer);
            }
        }

        private static string Required(string variable) =>
            Environment.GetEnvironmentVariable(variable) ?? throw new InvalidOperationException(variable + " is not set: run scripts/with-servers");
    }
}
