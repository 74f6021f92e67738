using System.Net;
using System.Net.Sockets;

namespace Sweeps.Silo.Hosting;

/// <summary>Ports on loopback.</summary>
internal static class FreePort
{
    /// <summary>A port that is free now. Orleans cannot ask for "any"; a port taken meanwhile is met by starting again.</summary>
    public static int Next()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    /// <summary>Whether a server could listen there.</summary>
    public static bool IsFree(IPAddress address, int port)
    {
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            // What Kestrel sets: a port whose last connections still linger (TIME_WAIT) is free.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(new IPEndPoint(address, port));
            socket.Listen(1);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Whether a start failed because somebody took the port.</summary>
    public static bool WasTaken(Exception error)
    {
        for (var e = error; e is not null; e = e.InnerException)
        {
            if (e is SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse }
                || (e is AggregateException several && several.InnerExceptions.Any(WasTaken)))
            {
                return true;
            }
        }

        return false;
    }
}
