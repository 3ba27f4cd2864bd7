// Segments uploaded NIfTI files with trained networks; README.md says how it is asked.
using KnowledgeDistillation.Samples.SegmentationService;

WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
builder.Services.AddOptions<ServiceOptions>().BindConfiguration("Segmentation").ValidateDataAnnotations().ValidateOnStart();
builder.Services.AddSingleton<SegmenterOpener>(Segmenter.Open);
builder.Services.AddSingleton<NetworkQueues>();
builder.Services.AddHealthChecks().AddCheck<NetworkQueues>("networks");
builder.Services.AddProblemDetails();
builder.Services.AddOpenApi();
// A form is larger than the files in it, by its boundaries and headers.
builder.WebHost.ConfigureKestrel((context, kestrel) => kestrel.Limits.MaxRequestBodySize =
    context.Configuration.GetValue($"Segmentation:{nameof(ServiceOptions.MaxUploadBytes)}", new ServiceOptions().MaxUploadBytes) + (1L << 16));

WebApplication app = builder.Build();
app.UseExceptionHandler();
app.UseStatusCodePages();
app.MapOpenApi();
app.MapHealthChecks("/health");
foreach (NetworkQueue queue in app.Services.GetRequiredService<NetworkQueues>().All)
    SegmentationEndpoint.Map(app, queue);
app.Run();
