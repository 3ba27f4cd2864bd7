using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Experiments.Reproduction;

/// <summary>
/// The right to work in a folder that several processes and machines share. Each attempt has a file of its own, claim-1.json, claim-2.json, ..., and the last
/// one counts. A file is made exclusively and never made again, so of several processes that find a claim abandoned at once one alone gets the next number,
/// and none can take away what another has just taken.
/// </summary>
/// <remarks>
/// The holder rewrites its file now and then. A claim is abandoned when its file has not been written for the limit,
/// by the clock of the file system and not by that of a machine; or when its process was of this machine and is no more.
/// The holder finds out by itself that it could not write for half the limit, or that there is a later claim.
/// </remarks>
internal sealed class RunClaim : IDisposable
{
    private const string Prefix = "claim-", Suffix = ".json";
    private const int LargestFile = 1 << 16, LargestNumber = 1_000_000_000;

    private static readonly Lazy<string> ThisMachine = new(DescribeMachine);

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _lost = new();
    private readonly string _folder;
    private readonly byte[] _content;
    private readonly TimeSpan _limit;
    private readonly Timer _timer;
    private long _written = Stopwatch.GetTimestamp();
    private bool _released;

    private RunClaim(string folder, int number, byte[] content, TimeSpan limit)
    {
        (_folder, Number, _content, _limit) = (folder, number, content, limit);
        TimeSpan period = limit / 10;
        _timer = new Timer(_ => Beat(), null, period, period);
    }

    /// <summary>The number of this attempt, counted from 1.</summary>
    public int Number { get; }

    /// <summary>Cancelled when the claim is lost: the work must end, and leave no trace.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>Whether a file of this name belongs to a claim.</summary>
    public static bool IsClaim(string name) => name.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Takes the folder.</summary>
    /// <param name="folder">The folder, which is made where it is not there.</param>
    /// <param name="limit">The time without a sign of life after which a claim is abandoned.</param>
    /// <returns>Null where another process holds it.</returns>
    public static RunClaim? TryTake(string folder, TimeSpan limit)
    {
        Directory.CreateDirectory(folder);
        int last = LastNumber(folder);
        if (last > 0 && IsHeld(folder, last, limit))
            return null;
        byte[] content = JsonSerializer.SerializeToUtf8Bytes(new Holder(ThisMachine.Value, Environment.ProcessId, Guid.NewGuid(), Released: false));
        try
        {
            using FileStream file = Open(PathOf(folder, last + 1), FileMode.CreateNew);
            file.Write(content);
        }
        catch (IOException) when (File.Exists(PathOf(folder, last + 1)))
        {
            return null;
        }

        // Only the last one counts.
        foreach (string former in FilesIn(folder).Where(file => NumberOf(file) <= last))
            File.Delete(former);
        return new RunClaim(folder, last + 1, content, limit);
    }

    /// <summary>Whether the claim still counts. Asked before something is written that nobody may write without it.</summary>
    public bool Renew()
    {
        Beat();
        return !_lost.IsCancellationRequested;
    }

    /// <summary>Removes all claims of a folder in which nothing is left to be done.</summary>
    public void Finish()
    {
        End();
        foreach (string file in Directory.GetFiles(_folder, Prefix + "*"))
            File.Delete(file);
    }

    /// <summary>Gives the claim back, unless it is lost. Its number stays taken.</summary>
    public void Dispose()
    {
        bool held = End();
        if (held && File.Exists(PathOf(_folder, Number)))
            AtomicFile.WriteText(PathOf(_folder, Number), JsonSerializer.Serialize(new Holder("", 0, Guid.Empty, Released: true)));
        _lost.Dispose();
    }

    private bool End()
    {
        lock (_lock)
        {
            bool held = !_released && !_lost.IsCancellationRequested;
            _released = true;
            _timer.Dispose();
            return held;
        }
    }

    private void Beat()
    {
        lock (_lock)
        {
            if (_released || _lost.IsCancellationRequested)
                return;
            bool lost;
            try
            {
                // The same bytes in the same place: whoever reads meanwhile reads them whole.
                using (FileStream file = Open(PathOf(_folder, Number), FileMode.Open))
                {
                    file.Write(_content);
                    file.Flush(flushToDisk: true);
                }

                _written = Stopwatch.GetTimestamp();
                lost = LastNumber(_folder) > Number;
            }
            catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
            {
                lost = true;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                lost = Stopwatch.GetElapsedTime(_written) > _limit / 2;
            }

            if (lost)
                _lost.Cancel();
        }
    }

    private static bool IsHeld(string folder, int number, TimeSpan limit)
    {
        string path = PathOf(folder, number);
        try
        {
            Holder? holder = null;
            DateTime written;
            // An open file has the attributes of now, also where a network file system keeps them for a while.
            using (FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete))
            {
                try
                {
                    holder = ReadHolder(file);
                }
                catch (JsonException)
                {
                    // Its maker is about to write it, or died before.
                }

                written = File.GetLastWriteTimeUtc(file.SafeFileHandle);
            }

            if (holder is { Released: true } || (holder?.Machine == ThisMachine.Value && !IsRunning(holder.Process)))
                return false;
            // A live holder writes its file again and again, so one of the future is from before the clock was set back.
            return (FileSystemTime(folder) - written).Duration() < limit;
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            // The run was finished at this moment.
            return true;
        }
    }

    private static Holder ReadHolder(FileStream file)
    {
        byte[] text = new byte[Math.Min(file.Length, LargestFile)];
        file.ReadExactly(text);
        return JsonFile.Convert<Holder>(JsonFile.Parse(text), JsonSerializerOptions.Default);
    }

    private static bool IsRunning(int process)
    {
        try
        {
            using var found = Process.GetProcessById(process);
            return !found.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static DateTime FileSystemTime(string folder)
    {
        string probe = Path.Combine(folder, $"{Prefix}time.tmp-{Guid.NewGuid():N}");
        try
        {
            File.WriteAllText(probe, "now");
            return File.GetLastWriteTimeUtc(probe);
        }
        finally
        {
            File.Delete(probe);
        }
    }

    private static int LastNumber(string folder) => FilesIn(folder).Select(NumberOf).DefaultIfEmpty(0).Max();

    private static string[] FilesIn(string folder) => Directory.Exists(folder) ? Directory.GetFiles(folder, $"{Prefix}*{Suffix}") : [];

    private static int NumberOf(string file) =>
        int.TryParse(Path.GetFileName(file)[Prefix.Length..^Suffix.Length], NumberStyles.None, CultureInfo.InvariantCulture, out int number)
        && number <= LargestNumber
            ? number
            : 0;

    private static string PathOf(string folder, int number) => Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{number}{Suffix}"));

    private static FileStream Open(string path, FileMode mode) => new(path, mode, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);

    // Processes can be looked for by number only where they are numbered together: on one start of one kernel, in one container.
    // The names themselves are nobody's business.
    private static string DescribeMachine()
    {
        string text = OperatingSystem.IsLinux()
            ? $"{File.ReadAllText("/proc/sys/kernel/random/boot_id")} {new FileInfo("/proc/self/ns/pid").LinkTarget}"
            : Environment.MachineName;
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8));
    }

    private sealed record Holder(string Machine, int Process, Guid Token, bool Released);
}
