from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0005_order'),
    ]

    operations = [
        migrations.AddField(
            model_name='asset',
            name='keep',
            field=models.BooleanField(default=False, help_text='Its file stays until somebody lets it go.', verbose_name='keep'),
        ),
        migrations.AddField(
            model_name='asset',
            name='removed_at',
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name='file removed'),
        ),
        migrations.AddField(
            model_name='output',
            name='keep',
            field=models.BooleanField(default=False, help_text='Its file stays until somebody lets it go.', verbose_name='keep'),
        ),
        migrations.AddField(
            model_name='output',
            name='removed_at',
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name='file removed'),
        ),
        migrations.AddIndex(
            model_name='output',
            index=models.Index(fields=['state', '-id'], name='output_state_newest'),
        ),
        migrations.AddIndex(
            model_name='output',
            index=models.Index(condition=models.Q(('removed_at', None)), fields=['state', 'finished_at'], name='output_file_age'),
        ),
        migrations.AddIndex(
            model_name='output',
            index=models.Index(condition=models.Q(('removed_at__isnull', False)), fields=['removed_at'], name='output_removed'),
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(fields=['created_at'], name='event_age'),
        ),
    ]
